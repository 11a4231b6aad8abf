"""Disguised copies of the pack's jailbreak examples and of own ones, so that harmless words neither hide a threat nor make one."""

from __future__ import annotations

import random
from pathlib import Path

from routertrain.guard_data import guard_phrases
from routertrain.pack_data import jailbreak_examples
from routertrain.perturb import DISGUISES, Wording, read_wording
from routertrain.records import Example

COPIES = {"threat": 2, "benign": 1}
"""A second copy of harmless texts made the guard careful with plain threats, it seems."""
OWN_COPIED_SHARE = 0.5
COPIED_CHARACTERS_MAX = 700
"""Longer texts are cut in training, so their end is trained on as a text of its own."""
TAIL_CHARACTERS = 600
TAIL_SHARE = 0.5
THREAT_DISGUISES = ("three-words", "three-words", "suffix", "paraphrase", "padding", "leetspeak")
BENIGN_DISGUISES = ("leetspeak", "suffix", "suffix", "three-words", "paraphrase", "padding")
"""Leetspeak, zero-width, look-alike and base64 disguises are undone before the head sees a text. A text that was in leetspeak keeps some
oddities, as its numbers become letters; one copy of six is there for these."""


def disguised_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    words = read_wording(own)
    rows = []
    for row in jailbreak_examples(data, "train"):
        is_threat = row.labels["jailbreak"][1] > 0
        if len(row.text) > COPIED_CHARACTERS_MAX and chance.random() < TAIL_SHARE:
            rows.append(Example(row.text[-TAIL_CHARACTERS:], row.key, f"{row.source}+tail", labels=row.labels))
        if len(row.text) <= COPIED_CHARACTERS_MAX:
            rows += [_disguised(row, words, chance) for _ in range(COPIES["threat" if is_threat else "benign"])]
    own_rows = [row for row in guard_phrases(own, seed) if not row.is_left_out]
    return rows + [_disguised(row, words, chance) for row in own_rows if chance.random() < OWN_COPIED_SHARE]


def _disguised(row: Example, words: Wording, chance: random.Random) -> Example:
    name = chance.choice(THREAT_DISGUISES if row.labels["jailbreak"][1] > 0 else BENIGN_DISGUISES)
    return Example(DISGUISES[name](row.text, words, chance), row.key, f"{row.source}+{name}", labels=row.labels)

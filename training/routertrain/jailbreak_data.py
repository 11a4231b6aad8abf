"""Jailbreak examples of the pack with disguised copies, so that harmless words neither hide a threat nor make one."""

from __future__ import annotations

import random
from pathlib import Path

from routertrain.pack_data import jailbreak_examples
from routertrain.perturb import DISGUISES, read_wording
from routertrain.records import Example

COPIES = 2
COPIED_CHARACTERS_MAX = 700
"""Longer texts are cut in training, so their end is trained on as a text of its own."""
TAIL_CHARACTERS = 600
TAIL_SHARE = 0.5
THREAT_DISGUISES = ("three-words", "three-words", "suffix", "paraphrase", "padding", "leetspeak")
BENIGN_DISGUISES = ("leetspeak", "leetspeak", "suffix", "suffix", "three-words", "paraphrase", "padding")
"""Threats in leetspeak are read without it as well, so it is the harmless texts in it that have to be learnt. Zero-width,
look-alike and base64 disguises are undone before the head sees a text."""


def disguised_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    words = read_wording(own)
    rows = []
    for row in jailbreak_examples(data, "train"):
        is_threat = row.labels["jailbreak"][1] > 0
        disguises = THREAT_DISGUISES if is_threat else BENIGN_DISGUISES
        if len(row.text) > COPIED_CHARACTERS_MAX and chance.random() < TAIL_SHARE:
            rows.append(Example(row.text[-TAIL_CHARACTERS:], row.key, f"{row.source}+tail", labels=row.labels))
        for _ in range(COPIES if len(row.text) <= COPIED_CHARACTERS_MAX else 0):
            name = chance.choice(disguises)
            text = DISGUISES[name](row.text, words, chance)
            rows.append(Example(text, row.key, f"{row.source}+{name}", labels=row.labels))
    return rows

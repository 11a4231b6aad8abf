"""Jailbreak examples of the pack with disguised copies, so that harmless words neither hide a threat nor make one."""

from __future__ import annotations

import random
from pathlib import Path

from routertrain.pack_data import jailbreak_examples
from routertrain.perturb import DISGUISES, read_wording
from routertrain.records import Example

THREAT_COPIES = 2
BENIGN_SHARE = 1.0
COPIED_CHARACTERS_MAX = 700
"""Longer texts are cut in training, so their end is trained on as a text of its own."""
TAIL_CHARACTERS = 600
TAIL_SHARE = 0.5
TRAINED_DISGUISES = ("three-words", "three-words", "suffix", "paraphrase", "padding", "leetspeak", "leetspeak")
"""Zero-width, look-alike and base64 disguises are undone before the head sees a text."""


def disguised_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    words = read_wording(own, "train")
    rows = []
    for row in jailbreak_examples(data, "train"):
        is_threat = row.labels["jailbreak"][1] > 0
        copies = THREAT_COPIES if is_threat else int(chance.random() < BENIGN_SHARE)
        if len(row.text) > COPIED_CHARACTERS_MAX and chance.random() < TAIL_SHARE:
            rows.append(Example(row.text[-TAIL_CHARACTERS:], row.key, f"{row.source}+tail", labels=row.labels))
        for _ in range(copies if len(row.text) <= COPIED_CHARACTERS_MAX else 0):
            name = chance.choice(TRAINED_DISGUISES)
            text = DISGUISES[name](row.text, words, chance)
            rows.append(Example(text, row.key, f"{row.source}+{name}", labels=row.labels))
    return rows

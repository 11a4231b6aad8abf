"""Everything that is trained on, merged so that one text carries all the labels that are known for it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from routertrain import domain_data, jailbreak_data, pack_data, phrase_data, pii_data
from routertrain.normalise import normalise
from routertrain.records import Example

SEED = 20260101
GROUNDED_SHARE = 0.55


def training_examples(data: Path, own: Path, seed: int) -> list[Example]:
    """Every labelled example of the training parts; the held-back ones know that they are."""
    rows = [
        *domain_data.domain_examples(data, own, seed),
        *pack_data.complexity_examples(data, "train"),
        *pack_data.fact_check_examples(data, "train"),
        *pack_data.jailbreak_examples(data, "train"),
        *jailbreak_data.disguised_examples(data, own, seed),
        *pack_data.feedback_examples(data, "train"),
        *phrase_data.feedback_phrases(data, own, seed),
        *pack_data.modality_examples(data, "train"),
        *phrase_data.modality_phrases(own, seed),
        *pack_data.embedding_examples(data, seed),
    ]
    merged = merge([replace(row, text=normalise(row.text)) for row in rows])
    tagged = [*pii_data.presidio_examples(data, "train"), *pii_data.synthetic_examples(data, own, seed)]
    return merged + tagged + pack_data.grounded_examples(data, "train", with_question=0.7, seed=seed)


def merge(rows: Iterable[Example]) -> list[Example]:
    found: dict[str, Example] = {}
    for row in rows:
        known = found.get(row.text)
        if known is None:
            found[row.text] = row
        else:
            labels = {**row.labels, **known.labels}
            found[row.text] = replace(known, labels=labels, keeps_embedding=known.keeps_embedding or row.keeps_embedding)
    return list(found.values())


def fitted(rows: Iterable[Example], seed: int) -> list[Example]:
    """One pass over the rows that are not held back: short-phrase heads twice, grounded pairs in part."""
    chance = random.Random(seed)
    passed = []
    for row in rows:
        if not row.is_held_back and (row.pair is None or chance.random() < GROUNDED_SHARE):
            passed.extend([row] * _repeats(row))
    chance.shuffle(passed)
    return passed


def _repeats(row: Example) -> int:
    return 2 if row.labels.keys() & {"user_feedback", "modality"} or row.source in ("v2", "large") else 1

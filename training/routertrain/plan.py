"""Everything that is trained on, merged so that one text carries all the labels that are known for it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from routertrain import domain_data, jailbreak_data, pack_data, phrase_data, pii_data
from routertrain.normalise import normalise, with_line_marks
from routertrain.records import Example

SEED = 20260101
FIRST_SHARES = {
    "exam": 0.4,
    "exam-chat": 0.3,
    "topic": 0.5,
    "synthetic": 0.5,
    "mmlu-pro": 0.5,
    "gsm8k": 0.5,
    "clinc": 0.5,
    "halueval": 0.6,
}
LATER_SHARES = {
    "exam": 0.1,
    "exam-chat": 0.4,
    "synthetic": 0.55,
    "prompt_with_random_search": 0.3,
    "JBC": 0.4,
    "mmlu-pro": 0.1,
    "gsm8k": 0.1,
    "clinc": 0.2,
    "halueval": 0.2,
}
"""How many rows of a source a pass holds, others are held whole. Tags need most practice; the wide part is fitted on all rows."""
PAIR_SHARE = 0.3
PAIR_CHARACTERS_MAX = 560
"""About what a training batch is wide; longer pairs would lose their end."""


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
    marked = [replace(row, text=with_line_marks(row.text)) for row in tagged]
    return merged + marked + pack_data.grounded_examples(data, "train", with_question=0.7, seed=seed)


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


def fitted(rows: Iterable[Example], shares: Mapping[str, float], seed: int) -> list[Example]:
    """One pass over the rows that are not held back: big sources in part, feedback twice."""
    chance = random.Random(seed)
    passed = []
    for row in rows:
        if not row.is_held_back and chance.random() < _share(row, shares):
            passed.extend([row] * _repeats(row))
    chance.shuffle(passed)
    return passed


def _share(row: Example, shares: Mapping[str, float]) -> float:
    if row.pair is not None:
        return PAIR_SHARE if len(row.text) + len(row.pair) <= PAIR_CHARACTERS_MAX else 0.0
    return shares.get(row.source, 1.0)


def _repeats(row: Example) -> int:
    return 2 if "user_feedback" in row.labels else 1

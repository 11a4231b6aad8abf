"""Everything that is trained on, merged so that one text carries all the labels that are known for it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from routertrain import domain_data, fact_data, filled_data, guard_data, jailbreak_data, pack_data, phrase_data, pii_data
from routertrain.normalise import normalise, with_line_marks
from routertrain.records import Example, one_hot

SEED = 20260101
SOURCE_SHARES = {"prompt_with_random_search": 0.4, "JBC": 0.6, "gsm8k": 0.5}
"""The share of a big or uniform source's rows that is used; others are whole. The wide part is fitted on all rows."""
PASSES = {"user_feedback": 2.0, "modality": 2.0, "jailbreak": 2.0, "fact_check": 1.5}
"""How often the rows of a small set are seen, where they are no disguised copies and no exam questions."""
SEEN_TWICE = ("exam", "exam-chat")
"""Questions that are seen once more, for their topic only, each time with another of their disguised copies."""
GROUNDED_SHARE = 0.8
EMBEDDING_PASSES = 2.0
"""How often the texts are seen that have no label and only hold the embedding."""
SETTLED_SHARES = {"jailbreak": 0.4, "fact_check": 0.8, "user_feedback": 0.5, "modality": 0.5}
SETTLED_KINDS = {"topic": 0.5, "typed": 0.5, "chit-chat": 0.5}
SETTLED_REST = 0.12
"""The share of rows that the second pass sees: of a head's rows and of a source's with its copies, the greatest of several; and of all
others."""
HARMLESS_HEADS = ("domain", "fact_check", "user_feedback", "modality")
PAIR_CHARACTERS_MAX = 1000
"""About what the widest batch holds; longer pairs would lose their end."""


def training_examples(data: Path, own: Path, seed: int) -> list[Example]:
    """Every labelled example of the training parts; the held-back ones know that they are."""
    rows = [
        *domain_data.domain_examples(data, own, seed),
        *pack_data.complexity_examples(data, "train"),
        *(row for row in pack_data.fact_check_examples(data, "train") if not pack_data.is_sum_or_argument(row)),
        *phrase_data.fact_check_phrases(own, seed),
        *pack_data.jailbreak_examples(data, "train"),
        *guard_data.guard_phrases(own, seed),
        *jailbreak_data.disguised_examples(data, own, seed),
        *filled_data.filled_examples(data, own, seed),
        *pack_data.feedback_examples(data, "train"),
        *phrase_data.feedback_phrases(data, own, seed),
        *pack_data.modality_examples(data, "train"),
        *phrase_data.modality_phrases(own, seed),
        *pack_data.embedding_examples(data, seed),
    ]
    merged = merge([replace(row, text=normalise(row.text), plain=row.plain and normalise(row.plain)) for row in rows])
    tagged = [*pii_data.presidio_examples(data, "train"), *pii_data.synthetic_examples(data, own, seed)]
    marked = [replace(row, text=with_line_marks(row.text)) for row in tagged]
    pairs = [*pack_data.grounded_examples(data, "train", with_question=0.7, seed=seed), *fact_data.fact_examples(own, seed)]
    return merged + marked + pairs


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
    """The rows to train on, in random order, none of them held back: big sources in part, small sets more than once."""
    chance = random.Random(seed)
    used = []
    for row in rows:
        if not row.is_held_back:
            often = _often(row)
            used.extend([row] * (int(often) + (chance.random() < often % 1)))
            if row.source in SEEN_TWICE:
                used.append(replace(row, labels={"domain": row.labels["domain"]}, keeps_embedding=False))
    chance.shuffle(used)
    return used


def _often(row: Example) -> float:
    if row.keeps_embedding and not row.labels:
        return EMBEDDING_PASSES
    if row.pair is None:
        is_small = "domain" not in row.labels and "+" not in row.source
        return SOURCE_SHARES.get(row.source, 1.0) * max((PASSES.get(name, 1.0) for name in row.labels if is_small), default=1.0)
    if len(row.text) + len(row.pair) > PAIR_CHARACTERS_MAX:
        return 0.0
    return 1.0 if row.source in fact_data.SOURCES else GROUNDED_SHARE


def settling(rows: Iterable[Example], seed: int) -> list[Example]:
    """The rows of the second pass, out of those of the first: more of the heads that the first leaves unsure, and what is known to be
    harmless says so to the guard, which has heard of few kinds of harmless texts until then, and of hardly any in other languages."""
    chance = random.Random(seed)
    used = [_harmless(row) for row in rows if chance.random() < _settled_share(row)]
    chance.shuffle(used)
    return used


def _settled_share(row: Example) -> float:
    of_kind = SETTLED_KINDS.get(row.source.split("+")[0], SETTLED_REST)
    return max([of_kind, *(SETTLED_SHARES.get(name, SETTLED_REST) for name in row.labels)])


def _harmless(row: Example) -> Example:
    """Single texts that are in the data for another head; those that only hold the embedding are nobody's word."""
    is_known = bool(row.spans) or any(name in row.labels for name in HARMLESS_HEADS)
    if row.pair is not None or "jailbreak" in row.labels or not is_known:
        return row
    return replace(row, labels={**row.labels, **one_hot("jailbreak", "benign")})

"""Span F1 of the PII head by type: a span counts when its type and both ends are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routertrain import metrics
from routertrain.decode import Tag
from routertrain.heads import PII_TYPES
from routertrain.infer import Bundle
from routertrain.pii_data import merge_adjacent
from routertrain.pii_rules import exact_tags, joined
from routertrain.records import Example, Span

Spans = set[tuple[str, int, int]]


def figures(bundle: Bundle, rows: Sequence[Example]) -> dict[str, Any]:
    learned = bundle.tags([row.text for row in rows])
    both = [joined(exact_tags(row.text), tags) for row, tags in zip(rows, learned, strict=True)]
    gold = [spans_of(row.text, row.spans["pii"]) for row in rows]
    alone = [predicted(row, tags) for row, tags in zip(rows, learned, strict=True)]
    helped = [predicted(row, tags) for row, tags in zip(rows, both, strict=True)]
    return {
        "all": {"head": _overall(alone, gold), "head_and_rules": _overall(helped, gold)},
        "any_type": {"head": _overall(_typeless(alone), _typeless(gold)), "head_and_rules": _overall(_typeless(helped), _typeless(gold))},
        "by_type": {kind: _of_kind(kind, alone, helped, gold) for kind in PII_TYPES},
    }


def predicted(row: Example, tags: Sequence[Tag]) -> Spans:
    return spans_of(row.text, [Span(tag.kind, tag.start, tag.end) for tag in tags])


def spans_of(text: str, spans: Sequence[Span]) -> Spans:
    """Ends are taken without surrounding punctuation and space, as the words of the tokenizer cannot tell them."""
    found = set()
    for span in merge_adjacent(text, spans):
        start, end = span.start, span.end
        while start < end and not text[start].isalnum():
            start += 1
        while end > start and not text[end - 1].isalnum():
            end -= 1
        found.add((span.kind, start, end))
    return found


def _typeless(found: Sequence[Spans]) -> list[Spans]:
    return [{("PII", start, end) for _, start, end in spans} for spans in found]


def overall_f1(said: Sequence[Spans], gold: Sequence[Spans]) -> float:
    return _f1(*_counts(said, gold))


def _overall(said: Sequence[Spans], gold: Sequence[Spans]) -> dict[str, Any]:
    return metrics.with_interval(_f1, *_counts(said, gold))


def _counts(said: Sequence[Spans], gold: Sequence[Spans]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per text the spans that are right, and the spans that are said or true."""
    hits = np.array([len(found & true) for found, true in zip(said, gold, strict=True)])
    return hits, np.array([len(found) + len(true) for found, true in zip(said, gold, strict=True)])


def _f1(hits: NDArray[np.int64], sizes: NDArray[np.int64]) -> float:
    return float(2 * hits.sum() / max(1, sizes.sum()))


def _of_kind(kind: str, alone: Sequence[Spans], helped: Sequence[Spans], gold: Sequence[Spans]) -> dict[str, Any]:
    def only(found: Sequence[Spans]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for spans, true in zip(found, gold, strict=True):
            counts["said"] += sum(span[0] == kind for span in spans)
            counts["true"] += sum(span[0] == kind for span in true)
            counts["hits"] += sum(span[0] == kind for span in spans & true)
        return counts

    result: dict[str, Any] = {}
    for name, found in (("head", alone), ("head_and_rules", helped)):
        counts = only(found)
        result["spans"] = counts["true"]
        result[name] = {
            "precision": counts["hits"] / max(1, counts["said"]),
            "recall": counts["hits"] / max(1, counts["true"]),
            "f1": 2 * counts["hits"] / max(1, counts["said"] + counts["true"]),
        }
    return result

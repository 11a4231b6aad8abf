"""From scores of word pieces to spans, by words: the engine follows the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routertrain.normalise import LINE_MARK
from routertrain.tokens import Word

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tag:
    """Characters [start, end) and the mean probability of the chosen labels."""

    kind: str
    start: int
    end: int
    score: float


def decode_bio(found: Sequence[Word], logits: Floats, labels: Sequence[str]) -> list[Tag]:
    """The best sequence of labels in which I-X follows B-X or I-X only; a word's score is the mean log-probability of its pieces."""
    if not found:
        return []
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_chances = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    scores = np.stack([log_chances[word.first : word.last + 1].mean(axis=0) for word in found])
    return _spans(found, _best_path(scores, labels), scores, labels)


def _best_path(scores: Floats, labels: Sequence[str]) -> list[int]:
    """Viterbi without transition weights; labels stand as O, then B-X and I-X side by side."""
    inside = np.array([label.startswith("I-") for label in labels])
    best = np.where(inside, -np.inf, scores[0])
    came_from = []
    for row in scores[1:]:
        previous = np.full(len(labels), int(best.argmax()))
        same_kind = np.where(inside)[0]
        opened = np.where(best[same_kind - 1] >= best[same_kind], same_kind - 1, same_kind)
        previous[same_kind] = opened
        came_from.append(previous)
        best = best[previous] + row
    path = [int(best.argmax())]
    for previous in reversed(came_from):
        path.append(int(previous[path[-1]]))
    return path[::-1]


def _spans(found: Sequence[Word], path: Sequence[int], scores: Floats, labels: Sequence[str]) -> list[Tag]:
    tags: list[Tag] = []
    sure: list[float] = []
    for word, label, row in zip(found, path, scores, strict=True):
        chance = float(np.exp(row[label]))
        if labels[label].startswith("B-"):
            sure = [chance]
            tags.append(Tag(labels[label][2:], word.start, word.end, chance))
        elif labels[label].startswith("I-"):
            sure.append(chance)
            tags[-1] = Tag(tags[-1].kind, tags[-1].start, word.end, float(np.mean(sure)))
    return tags


def without_marks(tags: Sequence[Tag], marked: str) -> list[Tag]:
    """The tags without line marks at their ends; those of marks alone are none."""
    kept = []
    for tag in tags:
        text = marked[tag.start : tag.end]
        start = tag.start + len(text) - len(text.lstrip(LINE_MARK))
        if text.strip(LINE_MARK):
            kept.append(Tag(tag.kind, start, tag.start + len(text.rstrip(LINE_MARK)), tag.score))
    return kept

"""The decoding rules on scores made by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routertrain.decode import decode_bio
from routertrain.tokens import Word

LABELS = ("O", "B-A", "I-A", "B-C", "I-C")


def scores(*rows: dict[str, float]) -> NDArray[np.float32]:
    return np.array([[row.get(label, 0.0) for label in LABELS] for row in rows], dtype=np.float32)


def words(count: int) -> list[Word]:
    return [Word(index, index, 10 * index, 10 * index + 5) for index in range(count)]


def spans(*rows: dict[str, float]) -> list[tuple[str, int, int]]:
    return [(tag.kind, tag.start, tag.end) for tag in decode_bio(words(len(rows)), scores(*rows), LABELS)]


def test_inside_follows_its_own_beginning() -> None:
    assert spans({"B-A": 5}, {"I-A": 5}, {"O": 5}) == [("A", 0, 15)]


def test_orphan_inside_becomes_a_beginning() -> None:
    assert spans({"O": 5}, {"I-A": 5, "B-A": 4}) == [("A", 10, 15)]


def test_inside_of_another_type_cannot_follow() -> None:
    assert spans({"B-A": 5}, {"I-C": 5, "I-A": 4}) == [("A", 0, 15)]


def test_two_beginnings_are_two_spans() -> None:
    assert spans({"B-A": 5}, {"B-A": 5}) == [("A", 0, 5), ("A", 10, 15)]


def test_pieces_of_a_word_decide_together() -> None:
    word = [Word(0, 1, 0, 9)]
    assert decode_bio(word, scores({"O": 1}, {"B-C": 9}), LABELS)[0].kind == "C"


def test_nothing_comes_of_nothing() -> None:
    assert decode_bio([], np.zeros((0, len(LABELS)), dtype=np.float32), LABELS) == []

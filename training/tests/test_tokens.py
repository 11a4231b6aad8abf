"""The marks of copied tokens; the graph makes the same ones."""

from __future__ import annotations

import numpy as np

from routertrain.tokens import copies

CLS, SEP, MEET, ON, MONDAY, FRIDAY = 101, 102, 3113, 2006, 6928, 5958


def marks(ids: list[int], kinds: list[int]) -> list[list[int]]:
    feed = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64), "token_type_ids": np.array([kinds])}
    return copies(feed)[0].astype(int).T.tolist()


def test_tokens_of_the_first_text_are_marked_in_the_second() -> None:
    ids, kinds = [CLS, MEET, ON, MONDAY, SEP, MEET, ON, FRIDAY, SEP], [0, 0, 0, 0, 0, 1, 1, 1, 1]
    alone, behind = marks(ids, kinds)
    assert alone == [0, 0, 0, 0, 0, 1, 1, 0, 0]
    assert behind == [0, 0, 0, 0, 0, 0, 1, 0, 0]


def test_another_order_has_no_mark_of_its_place() -> None:
    alone, behind = marks([CLS, MEET, ON, SEP, ON, MEET, SEP], [0, 0, 0, 0, 1, 1, 1])
    assert alone == [0, 0, 0, 0, 1, 1, 0]
    assert behind == [0] * 7


def test_a_single_text_has_no_marks() -> None:
    assert marks([CLS, MEET, MEET, SEP], [0, 0, 0, 0]) == [[0] * 4, [0] * 4]

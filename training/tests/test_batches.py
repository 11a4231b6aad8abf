"""How rows come to stand in batches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from routertrain import batches
from routertrain.records import Example


def row(text: str, tokens: int, plain: str | None = None) -> batches.Prepared:
    encoding = cast(Any, SimpleNamespace(ids=[0] * tokens))
    return batches.Prepared(Example(text=text, key=text, source="test", plain=plain), encoding, None)


def twins(rows: list[batches.Prepared]) -> list[int]:
    return [batches._twin(rows, index) for index in range(len(rows))]


def test_a_copy_stands_behind_its_plain_text() -> None:
    rows = [row(f"{number}", 10) for number in range(64)] + [row(f"{number} copied", 16, plain=f"{number}") for number in range(64)]
    found = batches.shuffled_batches(rows, seed=1)
    assert [(width, len(part)) for width, part in found] == [(16, 64), (16, 64)]
    assert all(twins(part) == [index - index % 2 for index in range(64)] for _, part in found)


def test_a_copy_that_is_much_longer_stands_alone() -> None:
    rows = [row(f"{number}", 10) for number in range(64)] + [row(f"{number} copied", 90, plain=f"{number}") for number in range(10)]
    found = dict(batches.shuffled_batches(rows, seed=1))
    assert {width: len(part) for width, part in found.items()} == {16: 64, 96: 10}
    assert twins(found[96]) == list(range(10))


def test_every_row_has_one_place() -> None:
    rows = [row("b", 10) for _ in range(31)] + [row("a", 10), row("a", 10), row("copied", 12, plain="a")]
    rows += [row("copied again", 12, plain="a") for _ in range(30)]
    found = batches.shuffled_batches(rows, seed=1)
    assert sorted(id(item) for _, part in found for item in part) == sorted(id(item) for item in rows)

"""Own examples for the guard."""

from __future__ import annotations

import json
from pathlib import Path

from routertrain.guard_data import family, guard_phrases

OWN = Path(__file__).parents[1] / "data"


def test_families_left_out_are_held_back_whole_and_hold_both_labels() -> None:
    rows = guard_phrases(OWN, seed=1)
    left_out = set(json.loads((OWN / "guard_phrases.json").read_text(encoding="utf-8"))["left_out"])
    assert {family(row) for row in rows if row.is_left_out} == left_out
    assert all(row.is_held_back for row in rows if row.is_left_out)
    assert {row.labels["jailbreak"] for row in rows if row.is_left_out} == {(1.0, 0.0), (0.0, 1.0)}


def test_no_place_is_left_open() -> None:
    assert not [row.text for row in guard_phrases(OWN, seed=1) if "{x}" in row.text]

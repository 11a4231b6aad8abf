"""Own examples for the guard."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from routertrain.guard_data import FOREIGN, family, guard_phrases

OWN = Path(__file__).parents[1] / "data"
FILES = ("guard_phrases.json", "guard_foreign.json")


def test_families_left_out_are_held_back_whole_and_hold_both_labels() -> None:
    rows = guard_phrases(OWN, seed=1)
    left_out = {name for file in FILES for name in json.loads((OWN / file).read_text(encoding="utf-8"))["left_out"]}
    assert {family(row) for row in rows if row.is_left_out} == left_out
    assert all(row.is_held_back for row in rows if row.is_left_out)
    assert {row.labels["jailbreak"] for row in rows if row.is_left_out} == {(1.0, 0.0), (0.0, 1.0)}


def test_no_place_is_left_open() -> None:
    assert not [row.text for row in guard_phrases(OWN, seed=1) if "{x}" in row.text]


def test_each_language_has_about_as_many_harmless_rows_as_threats_in_training_and_left_out() -> None:
    foreign = json.loads((OWN / "guard_foreign.json").read_text(encoding="utf-8"))["languages"]
    assert len(foreign) == 11
    rows = [row for row in guard_phrases(OWN, seed=1) if family(row).startswith(FOREIGN)]
    counts = Counter((row.is_left_out, row.labels["jailbreak"][1] > 0) for row in rows)
    for is_left_out in (False, True):
        assert 0.7 < counts[is_left_out, False] / counts[is_left_out, True] < 1.4
    assert len({row.text for row in rows}) == len(rows)


def test_requests_of_a_language_stand_in_the_same_frames_whether_harmful_or_not() -> None:
    foreign = json.loads((OWN / "guard_foreign.json").read_text(encoding="utf-8"))["languages"]
    for phrases in foreign.values():
        for kind in ("deeds", "works"):
            harmful, harmless = (sum(len(group[kind]) for group in phrases[part].values()) for part in ("requests", "harmless_requests"))
            assert 0.5 < harmless / harmful < 1.5
            assert all("{x}" in frame for frame in phrases["frames"][kind])

"""The rule by which the export picks the guard's threshold."""

from __future__ import annotations

import numpy as np
import pytest

from routertrain import calibrate


def test_the_threshold_is_that_of_all_kinds_of_copies_together() -> None:
    scores = {"plain": np.zeros(100, dtype=np.float32), "suffix": np.linspace(0, 0.9, 101, dtype=np.float32)}
    assert calibrate.threshold_for_all(scores) == pytest.approx(0.882, abs=1e-4)


def test_families_left_out_raise_the_threshold_only_where_that_saves_errors() -> None:
    ordinary = {"plain": np.zeros(100, dtype=np.float32)}
    threats, benign = np.full(50, 0.9, dtype=np.float32), np.linspace(0, 0.7, 50, dtype=np.float32)
    assert 0.68 <= calibrate.guard_threshold(ordinary, threats, benign) <= 0.71
    assert calibrate.guard_threshold(ordinary, benign, np.zeros(50, dtype=np.float32)) == calibrate.THRESHOLD_MIN


def test_a_sure_threshold_leaves_fewer_alarms_than_one_in_a_hundred() -> None:
    scores = np.linspace(0.5, 1, 533, dtype=np.float32)
    assert (scores >= calibrate.sure_threshold(scores)).sum() == 1
    few = np.linspace(0.5, 0.9, 100, dtype=np.float32)
    assert (few >= calibrate.sure_threshold(few)).sum() == 0


def test_the_threshold_is_a_half_at_least() -> None:
    assert calibrate.threshold_for_all({"plain": np.zeros(10, dtype=np.float32)}) == calibrate.THRESHOLD_MIN

"""The rule by which the export picks the guard's threshold."""

from __future__ import annotations

import numpy as np
import pytest

from routertrain import calibrate


def test_the_threshold_is_that_of_all_kinds_of_copies_together() -> None:
    scores = {"plain": np.zeros(100, dtype=np.float32), "suffix": np.linspace(0, 0.9, 101, dtype=np.float32)}
    assert calibrate.threshold_for_all(scores) == pytest.approx(0.882, abs=1e-4)


def test_the_threshold_is_a_half_at_least() -> None:
    assert calibrate.threshold_for_all({"plain": np.zeros(10, dtype=np.float32)}) == calibrate.THRESHOLD_MIN

"""The rule by which the export picks the guard's threshold."""

from __future__ import annotations

import numpy as np
import pytest

from routertrain import calibrate


def test_the_threshold_is_that_of_the_kind_that_alarms_most() -> None:
    scores = {"plain": np.linspace(0, 0.7, 101, dtype=np.float32), "suffix": np.linspace(0, 0.9, 101, dtype=np.float32)}
    assert calibrate.threshold_for_all(scores) == pytest.approx(0.891, abs=1e-4)

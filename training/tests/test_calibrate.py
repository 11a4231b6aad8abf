"""The rules by which the export picks a share of the wide part and the guard's threshold."""

from __future__ import annotations

import numpy as np
import pytest

from routertrain import calibrate


def found(**changed: dict[str, float]) -> list[dict[str, float]]:
    """Accuracies per share, the same but where they are said to differ: `s10` is a share of 1.0."""
    usual = {"plain": 0.8, "padding": 0.5}
    return [usual | changed.get(f"s{step}", {}) for step in range(len(calibrate.SHARES))]


def test_the_share_is_the_one_that_disguises_turn_least() -> None:
    assert calibrate.steadiest_share(found(s10={"padding": 0.6}, s12={"padding": 0.55})) == 1.0


def test_plain_texts_may_lose_half_a_point_and_no_more() -> None:
    assert calibrate.steadiest_share(found(s10={"plain": 0.796, "padding": 0.6}, s20={"plain": 0.794, "padding": 0.9})) == 1.0


def test_of_equal_shares_the_least_is_taken() -> None:
    assert calibrate.steadiest_share(found()) == 0.0


def test_accuracies_add_the_wide_logits_by_their_share() -> None:
    dense = {"plain": np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)}
    wide = {"plain": np.array([[0.0, 2.0], [0.0, 2.0]], dtype=np.float32)}
    by_share = calibrate.accuracies(dense, wide, np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
    assert (by_share[0], by_share[-1]) == ({"plain": 1.0}, {"plain": 0.5})


def test_the_threshold_is_that_of_the_kind_that_alarms_most() -> None:
    scores = {"plain": np.linspace(0, 0.7, 101, dtype=np.float32), "suffix": np.linspace(0, 0.9, 101, dtype=np.float32)}
    assert calibrate.threshold_for_all(scores) == pytest.approx(0.891, abs=1e-4)

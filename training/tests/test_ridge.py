"""The map that brings the embedding back."""

from __future__ import annotations

import numpy as np

from routertrain.ridge import Floats, cosine, solve


def made_up(rows: int) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(1)
    before = chance.normal(size=(rows, 12)).astype(np.float32)
    mixed = np.eye(12) + 0.2 * chance.normal(size=(12, 12))
    return (before @ mixed).astype(np.float32), before


def test_a_linear_change_is_undone_on_other_texts() -> None:
    tuned, before = made_up(400)
    back = solve(tuned[:300], before[:300], 1e-6, np.eye(12, dtype=np.float32))
    assert cosine(tuned[300:], before[300:]) < 0.95
    assert cosine(tuned[300:] @ back, before[300:]) > 0.999


def test_a_strong_ridge_leaves_the_embedding_as_it_is() -> None:
    tuned, before = made_up(100)
    np.testing.assert_allclose(solve(tuned, before, 1e7, np.eye(12, dtype=np.float32)), np.eye(12), atol=1e-4)

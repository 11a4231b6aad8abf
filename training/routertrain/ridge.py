"""Ridge regression, in numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def solve(inputs: Floats, targets: Floats, ridge: float, start: Floats) -> Floats:
    """The matrix A with the least squared error of `inputs` A against `targets`, and not far from `start`."""
    square = inputs.T.astype(np.float64) @ inputs
    pull = ridge * np.trace(square) / len(square)
    found = np.linalg.solve(square + pull * np.eye(len(square)), inputs.T.astype(np.float64) @ targets + pull * start)
    return np.asarray(found, dtype=np.float32)


def cosine(first: Floats, second: Floats) -> float:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / lengths).mean())

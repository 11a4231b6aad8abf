"""Temperatures, abstention bounds, thresholds and the share of the wide part, all from the held-back rows of the training part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from routertrain.infer import softmax

Floats = NDArray[np.float32]
SHARES = tuple(round(0.2 * step, 1) for step in range(16))
TEMPERATURES = tuple(float(value) for value in np.geomspace(0.4, 8.0, 61))
ABSTAINING_SHARE = 0.03
FALSE_ALARMS = 0.01
THRESHOLD_MIN = 0.5


def log_loss(logits: Floats, targets: Floats) -> float:
    """Mean cross entropy against distributions."""
    return float(-(targets * np.log(softmax(logits) + 1e-9)).sum(axis=1).mean())


def best_share(dense: Floats, wide: Floats, targets: Floats) -> float:
    """How much of the wide logits to add; each share is judged at its own best temperature."""
    return min(SHARES, key=lambda share: min(log_loss((dense + np.float32(share) * wide) / value, targets) for value in TEMPERATURES))


def best_temperature(logits: Floats, targets: Floats) -> float:
    return min(TEMPERATURES, key=lambda value: log_loss(logits / value, targets))


def abstain_below(chances: Floats) -> float:
    """The highest probability under which the least certain few per cent of the rows fall."""
    return float(np.quantile(chances.max(axis=1), ABSTAINING_SHARE))


def threshold(benign_scores: Floats) -> float:
    """The score that one benign row in a hundred reaches, but at least a half."""
    return max(THRESHOLD_MIN, float(np.quantile(benign_scores, 1 - FALSE_ALARMS)))


def best_f1_threshold(scores: Floats, positive: NDArray[np.bool_]) -> float:
    candidates = np.linspace(0.05, 0.95, 91)
    return float(max(candidates, key=lambda value: f1(scores >= value, positive)))


def f1(said: NDArray[Any], true: NDArray[Any]) -> float:
    hits = float((said & true).sum())
    return 2 * hits / max(1.0, float(said.sum() + true.sum()))

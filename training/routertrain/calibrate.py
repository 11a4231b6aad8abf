"""Temperatures, abstention bounds, thresholds and the share of the wide part, all from the held-back rows of the training part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routertrain.infer import softmax

Floats = NDArray[np.float32]
SHARES = tuple(round(0.1 * step, 1) for step in range(31))
TEMPERATURES = tuple(float(value) for value in np.geomspace(0.4, 8.0, 61))
STANDARD_ERRORS = 0.5
ABSTAINING_SHARE = 0.03
FALSE_ALARMS = 0.01
CERTAINTY = 0.95
THRESHOLD_MIN = 0.5
ABOVE = 0.0001
"""A step above a score that is not to count, as thresholds are written."""
GUARD_STEPS = tuple(round(0.5 + 0.01 * step, 2) for step in range(50))


def losses(logits: Floats, targets: Floats) -> Floats:
    """Cross entropy of each row against its distribution."""
    return np.asarray(-(targets * np.log(softmax(logits) + 1e-9)).sum(axis=1))


def best_share(dense: Floats, wide: Floats, targets: Floats) -> float:
    """How much of the wide logits to add: the least share within half a standard error of the best, as words learnt from
    exam questions mislead on other texts, which are few among the held-back rows. Each share is judged at its own best temperature."""
    found = []
    for share in SHARES:
        logits = dense + np.float32(share) * wide
        found.append(losses(logits / best_temperature(logits, targets), targets))
    best = min(found, key=lambda rows: float(rows.mean()))
    limit = best.mean() + STANDARD_ERRORS * best.std() / np.sqrt(len(best))
    return next(share for share, rows in zip(SHARES, found, strict=True) if rows.mean() <= limit)


def best_temperature(logits: Floats, targets: Floats) -> float:
    return min(TEMPERATURES, key=lambda value: float(losses(logits / value, targets).mean()))


def abstain_below(chances: Floats) -> float:
    """The highest probability under which the least certain few per cent of the rows fall."""
    return float(np.quantile(chances.max(axis=1), ABSTAINING_SHARE))


def threshold(benign_scores: Floats) -> float:
    """The score that one benign row in a hundred reaches, but at least a half."""
    return max(THRESHOLD_MIN, float(np.quantile(benign_scores, 1 - FALSE_ALARMS)))


def sure_threshold(benign_scores: Floats) -> float:
    """The lowest threshold that, as sure as `CERTAINTY`, at most one benign row in a hundred reaches (the bound of Clopper and Pearson):
    what is right for these rows alone is too low for half of all other sets of rows. Above all of them where they are too few."""
    allowed = 0
    while _chance_of_at_most(allowed + 1, len(benign_scores)) <= 1 - CERTAINTY:
        allowed += 1
    return max(THRESHOLD_MIN, float(np.sort(benign_scores)[::-1][allowed]) + ABOVE)


def _chance_of_at_most(alarms: int, rows: int) -> float:
    """That so few of the rows alarm where one in a hundred does."""
    return sum(math.comb(rows, count) * FALSE_ALARMS**count * (1 - FALSE_ALARMS) ** (rows - count) for count in range(alarms + 1))


def threshold_for_all(benign_scores: Mapping[str, Floats]) -> float:
    """The threshold of all kinds of copies together: the greatest of the kinds' own is high by chance, as each has few rows."""
    return threshold(np.concatenate(list(benign_scores.values())))


def guard_threshold(benign_scores: Mapping[str, Floats], strange_threats: Floats, strange_benign: Floats) -> float:
    """At least the threshold for all copies of ordinary harmless rows, and the sure one for plain ones. Above it, families that were
    left out of training choose: the lowest threshold whose errors, the share of their threats missed and of their harmless texts
    stopped, are within half a standard error of the fewest."""
    least = max(threshold_for_all(benign_scores), sure_threshold(benign_scores["plain"]))
    errors = {}
    for value in (least, *(step for step in GUARD_STEPS if step > least)):
        missed, stopped = strange_threats < value, strange_benign >= value
        spread = float(np.sqrt(missed.var() / len(missed) + stopped.var() / len(stopped)))
        errors[value] = (float(missed.mean() + stopped.mean()), spread)
    fewest, spread = min(errors.values())
    return next(value for value, (found, _) in errors.items() if found <= fewest + STANDARD_ERRORS * spread)


def best_f1_threshold(scores: Floats, positive: NDArray[np.bool_]) -> float:
    candidates = np.linspace(0.05, 0.95, 91)
    return float(max(candidates, key=lambda value: f1(scores >= value, positive)))


def f1(said: NDArray[Any], true: NDArray[Any]) -> float:
    hits = float((said & true).sum())
    return 2 * hits / max(1.0, float(said.sum() + true.sum()))

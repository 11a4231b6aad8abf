"""Figures and their uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
NORMAL_95 = 1.959964
BOOTSTRAPS = 1000
BINS = 15


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if total == 0:
        return (0.0, 1.0)
    share, square = hits / total, NORMAL_95**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    width = NORMAL_95 * np.sqrt(share * (1 - share) / total + square / (4 * total**2)) / (1 + square / total)
    return (float(middle - width), float(middle + width))


def bootstrap(figure: Callable[..., float], *columns: Floats) -> tuple[float, float]:
    """The 95 % interval of a figure over rows drawn again with replacement."""
    chance = np.random.default_rng(0)
    count = len(columns[0])
    values = []
    for _ in range(BOOTSTRAPS):
        picked = chance.integers(0, count, count)
        values.append(figure(*(column[picked] for column in columns)))
    return (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)))


def share(hits: NDArray[np.bool_]) -> dict[str, Any]:
    return {"value": float(hits.mean()) if len(hits) else 0.0, "interval": wilson(int(hits.sum()), len(hits)), "rows": len(hits)}


def with_interval(figure: Callable[..., float], *columns: Floats) -> dict[str, Any]:
    return {"value": float(figure(*columns)), "interval": bootstrap(figure, *columns), "rows": len(columns[0])}


def macro_f1(said: Floats, true: Floats) -> float:
    scores = []
    for label in np.unique(true):
        hits = ((said == label) & (true == label)).sum()
        scores.append(2 * hits / max(1, (said == label).sum() + (true == label).sum()))
    return float(np.mean(scores))


def ranks(values: Floats) -> Floats:
    """From 1 on; equal values share the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def auroc(scores: Floats, positive: Floats) -> float:
    """The chance that a positive row outranks a negative one; ties count half."""
    count = int(positive.sum())
    others = len(positive) - count
    if count == 0 or others == 0:
        return 0.5
    return float((ranks(scores)[positive.astype(bool)].sum() - count * (count + 1) / 2) / (count * others))


def calibration_error(chances: Floats, true: Floats) -> float:
    """Expected gap between the top probability and the accuracy, over bins of equal width."""
    top, hits = chances.max(axis=1), chances.argmax(axis=1) == true
    bins = np.minimum((top * BINS).astype(int), BINS - 1)
    gaps = [abs(top[bins == index].mean() - hits[bins == index].mean()) * (bins == index).mean() for index in np.unique(bins)]
    return float(np.sum(gaps))


def confusion(said: Floats, true: Floats, size: int) -> list[list[int]]:
    """Rows are the true classes."""
    table = np.zeros((size, size), dtype=int)
    np.add.at(table, (true, said), 1)
    return table.tolist()


def spearman(left: Floats, right: Floats) -> float:
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])

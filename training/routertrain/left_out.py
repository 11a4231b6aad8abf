"""Recall on attack families that a head has never seen: small heads on the untuned embedding, each trained without one family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from routertrain import metrics, pack_data
from routertrain.embedding_figures import untuned
from routertrain.normalise import normalise
from routertrain.records import Example

FAMILIES = ("PAIR", "GCG", "DSN", "JBC", "prompt_with_random_search", "harmbench", "synthetic-injection")
INVERSE_REGULARISATION = 30.0
FALSE_ALARMS = 0.01


def figures(data: Path, base_folder: Path) -> dict[str, Any]:
    """Per family the recall on its dev rows at one false alarm in a hundred, trained with and without the family."""
    embed = untuned(base_folder)
    train, dev = pack_data.jailbreak_examples(data, "train"), pack_data.jailbreak_examples(data, "dev")
    vectors = {"train": embed([normalise(row.text) for row in train]), "dev": embed([normalise(row.text) for row in dev])}
    whole = _scores(train, vectors, [True] * len(train))
    return {
        family: {
            "with": _recall(dev, whole, family),
            "without": _recall(dev, _scores(train, vectors, [row.source != family for row in train]), family),
        }
        for family in FAMILIES
    }


def _scores(train: Sequence[Example], vectors: dict[str, NDArray[np.float32]], used: Sequence[bool]) -> NDArray[np.float64]:
    picked = np.array(used)
    labels = np.array([row.labels["jailbreak"][1] for row in train])
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=300).fit(vectors["train"][picked], labels[picked])
    return np.asarray(model.decision_function(vectors["dev"]))


def _recall(dev: Sequence[Example], scores: NDArray[np.float64], family: str) -> dict[str, Any]:
    benign = np.array([row.labels["jailbreak"][0] > 0 and not row.source.startswith("xstest") for row in dev])
    limit = np.quantile(scores[benign], 1 - FALSE_ALARMS)
    return metrics.share(scores[np.array([row.source == family for row in dev])] >= limit)

"""Tuning moves the mean of the token states. A linear map, fitted in closed form on training texts, brings it back for the embedding;
it reads the mean of the last frozen layer, which tuning cannot move, and behind it the mean of the last layer."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from routertrain import base, batches, embedding_figures, graph
from routertrain.normalise import normalise
from routertrain.pack_data import KEEP_ROWS
from routertrain.quantise import row_matrix
from routertrain.records import Example, read_rows
from routertrain.ridge import cosine, solve

Floats = NDArray[np.float32]
PACK_TEXTS = 4000
HEAD_TEXTS = 700
"""Of each head's plain texts: they are what tuning has moved most."""
RIDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""How hard the map is pulled towards UNCHANGED, in shares of the mean square of a dimension."""
UNCHANGED: Floats = np.eye(2 * base.HIDDEN, base.HIDDEN, -base.HIDDEN, dtype=np.float32)
"""The map that gives the mean of the last layer as it is."""
log = logging.getLogger("embedding_map")


def texts(data: Path, rows: Sequence[Example], seed: int) -> list[Example]:
    """General texts of the training parts, and some of what each head is trained on."""
    chance = random.Random(seed)
    found: dict[str, Example] = {}
    for pack, (column, _) in KEEP_ROWS.items():
        own = sorted({row[column] for row in read_rows(data, pack, "train")})
        found |= {text: Example(text, text, pack) for text in chance.sample(own, min(PACK_TEXTS, len(own)))}
    by_head: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        if row.labels and row.pair is None and "+" not in row.source:
            by_head[next(iter(row.labels))].append(row)
    for group in by_head.values():
        found |= {row.text: row for row in chance.sample(group, min(HEAD_TEXTS, len(group)))}
    return list(found.values())


def fit(model: onnx.ModelProto, trunk: base.Trunk, base_folder: Path, rows: Sequence[Example]) -> Floats:
    """The map from the means of `model`, whose own map is UNCHANGED, to the untuned embedding; held-back rows choose the ridge."""
    tokenizer, before = embedding_figures.untuned_session(base_folder)
    lower = graph.build_lower(trunk, base.FROZEN_LAYERS, row_matrix)
    plain = [normalise(row.text) for row in rows]
    sessions = [batches.session(part.SerializeToString(), 1) for part in (lower, model)]
    tuned = np.concatenate([embedding_figures.means(session, tokenizer, plain) for session in sessions], axis=1)
    untuned = embedding_figures.means(before, tokenizer, plain)
    held = np.array([row.is_held_back for row in rows])
    maps = {ridge: solve(tuned[~held], untuned[~held], ridge, UNCHANGED) for ridge in RIDGES}
    found = {ridge: cosine(tuned[held] @ back, untuned[held]) for ridge, back in maps.items()}
    best = max(found, key=lambda ridge: found[ridge])
    shown = (len(rows) - held.sum(), held.sum(), best, cosine(tuned[held] @ UNCHANGED, untuned[held]), found[best])
    log.info("%d texts, %d held back, ridge %g: cosine to the untuned embedding %.4f, with the map %.4f", *shown)
    return maps[best]

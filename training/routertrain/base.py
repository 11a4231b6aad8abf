"""The MiniLM-L6 trunk as plain arrays, read out of the fp32 ONNX file of the Maven artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Floats = NDArray[np.float32]
Layer = dict[str, Floats]
Trunk = dict[str, Any]

HIDDEN = 384
LAYERS = 6
ATTENTION_HEADS = 12
POSITIONS_MAX = 512
UNKNOWN_ID = 100
LAYER_NORM_EPSILON = 1e-12
FROZEN_LAYERS = 4
"""Layers that stay as they come; the others are tuned."""
TOKEN_FEATURE_LAYER = 5
"""Token heads read the last layer beside the output of this one (counted from 1)."""


def load_trunk(path: Path, words: int) -> Trunk:
    """Returns the embedding tables under their names and the six layers under `layers`; matrices are [in, out].

    The word table is stretched to `words` rows with copies of the unknown token's row.
    """
    graph = onnx.load(str(path)).graph
    arrays = {item.name: numpy_helper.to_array(item).astype(np.float32) for item in graph.initializer if item.data_type == 1}
    matrices = _matrix_names(graph)
    return {
        "word": _stretched(arrays["embeddings.word_embeddings.weight"], words),
        "position": arrays["embeddings.position_embeddings.weight"],
        "type": arrays["embeddings.token_type_embeddings.weight"],
        "norm_scale": arrays["embeddings.LayerNorm.weight"],
        "norm_bias": arrays["embeddings.LayerNorm.bias"],
        "layers": [_layer(arrays, matrices, index) for index in range(LAYERS)],
    }


def _stretched(table: Floats, rows: int) -> Floats:
    return np.concatenate([table, np.tile(table[UNKNOWN_ID], (rows - len(table), 1))])


def _matrix_names(graph: onnx.GraphProto) -> dict[str, str]:
    """The exporter renamed the matrices; their MatMul nodes still carry the module path."""
    constants = {item.name for item in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            found[node.name.strip("/").removesuffix("/MatMul").replace("/", ".")] = node.input[1]
    return found


def _layer(arrays: dict[str, Floats], matrices: dict[str, str], index: int) -> Layer:
    prefix = f"encoder.layer.{index}"

    def matrix(module: str) -> Floats:
        return arrays[matrices[f"{prefix}.{module}"]]

    def vector(name: str) -> Floats:
        return arrays[f"{prefix}.{name}"]

    attention = ("query", "key", "value")
    return {
        "qkv": np.concatenate([matrix(f"attention.self.{part}") for part in attention], axis=1),
        "qkv_bias": np.concatenate([vector(f"attention.self.{part}.bias") for part in attention]),
        "mix": matrix("attention.output.dense"),
        "mix_bias": vector("attention.output.dense.bias"),
        "norm1_scale": vector("attention.output.LayerNorm.weight"),
        "norm1_bias": vector("attention.output.LayerNorm.bias"),
        "up": matrix("intermediate.dense"),
        "up_bias": vector("intermediate.dense.bias"),
        "down": matrix("output.dense"),
        "down_bias": vector("output.dense.bias"),
        "norm2_scale": vector("output.LayerNorm.weight"),
        "norm2_bias": vector("output.LayerNorm.bias"),
    }

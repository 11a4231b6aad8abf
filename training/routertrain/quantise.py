"""Number formats for the big matrices. All scales are fixed per weight block and per activation row, never per batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from routertrain.graph import GraphBuilder

Floats = NDArray[np.float32]
Matrix = Callable[["GraphBuilder", str, Floats, str], str]

BLOCK = 128
"""Inputs per weight scale; divides 384 and 1536."""
ZERO_POINT = 128
INT8_ACTIVATIONS = 4
"""MatMulNBits' accuracy level at which it also quantises each activation row, block by block."""


def rows_to_int8(table: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 rows and their scales [rows, 1]; a row of zeros gets scale 0."""
    scales = np.abs(table).max(axis=1, keepdims=True) / 127.0
    safe = np.where(scales > 0, scales, 1.0)
    return np.round(table / safe).astype(np.int8), scales.astype(np.float32)


def float_matrix(graph: GraphBuilder, value: str, weights: Floats, name: str) -> str:
    return graph.node("MatMul", [value, graph.constant(f"{name}.weight", weights)], name)


def blockwise_matrix(graph: GraphBuilder, value: str, weights: Floats, name: str) -> str:
    """8-bit weights in blocks of `BLOCK` inputs; ONNX Runtime quantises each activation row in the same blocks."""
    inputs, outputs = weights.shape
    blocks, scales = _blocks(weights)
    attributes: dict[str, Any] = {"K": inputs, "N": outputs, "bits": 8, "block_size": BLOCK, "accuracy_level": INT8_ACTIVATIONS}
    constants = [graph.constant(f"{name}.blocks", blocks), graph.constant(f"{name}.scales", scales)]
    return graph.node("MatMulNBits", [value, *constants], name, domain="com.microsoft", **attributes)


def _blocks(weights: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Returns uint8 [out, in / BLOCK, BLOCK] around `ZERO_POINT` and scales [out, in / BLOCK]."""
    inputs, outputs = weights.shape
    shaped = weights.T.reshape(outputs, inputs // BLOCK, BLOCK)
    scales = np.abs(shaped).max(axis=2, keepdims=True) / 127.0
    levels = np.round(shaped / np.maximum(scales, 1e-12)) + ZERO_POINT
    return levels.astype(np.uint8), scales.reshape(outputs, -1).astype(np.float32)

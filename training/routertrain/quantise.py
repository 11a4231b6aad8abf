"""Number formats for the big matrices. Scales are per weight column and per activation row, never per batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from routertrain.graph import GraphBuilder

Floats = NDArray[np.float32]
Matrix = Callable[["GraphBuilder", str, Floats, str], str]

ZERO_POINT = 128
LEVELS = 127
WEIGHT_LEVELS = 63
SCALE_MIN = 1e-9


def rows_to_int8(table: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 rows and their scales [rows, 1]; a row of zeros gets scale 0."""
    scales = np.abs(table).max(axis=1, keepdims=True) / 127.0
    safe = np.where(scales > 0, scales, 1.0)
    return np.round(table / safe).astype(np.int8), scales.astype(np.float32)


def float_matrix(graph: GraphBuilder, value: str, weights: Floats, name: str) -> str:
    return graph.node("MatMul", [value, graph.constant(f"{name}.weight", weights)], name)


def row_matrix(graph: GraphBuilder, value: str, weights: Floats, name: str) -> str:
    """Activations as uint8 around `ZERO_POINT` with one scale a row, 7-bit weights with one scale a column, an integer product.

    Seven bits, as the AVX2 product of uint8 and int8 adds pairs in 16 bits and would saturate with eight.
    """
    inputs, outputs = weights.shape
    flat = graph.node("Reshape", [value, graph.integers(-1, inputs)], f"{name}.flat")
    largest = graph.node("ReduceMax", [graph.node("Abs", [flat], f"{name}.abs")], f"{name}.largest", axes=[1], keepdims=0)
    step = graph.node("Mul", [largest, graph.number("level", 1 / LEVELS)], f"{name}.step")
    scale = graph.node("Max", [step, graph.number("tiny", SCALE_MIN)], f"{name}.scale")
    levels = graph.node("QuantizeLinear", [flat, scale, _zeros(graph, scale)], f"{name}.levels", axis=0)
    columns, column_scales = columns_to_int8(weights)
    operands = [
        levels,
        graph.constant(f"{name}.columns", columns),
        graph.number("one", 1.0),
        graph.constant(f"{name}.scales", column_scales),
    ]
    zero_points = [
        graph.constant("activation_zero", np.array(ZERO_POINT, dtype=np.uint8)),
        graph.constant("weight_zero", np.array(0, dtype=np.int8)),
    ]
    product = graph.node("MatMulIntegerToFloat", [*operands, *zero_points], f"{name}.product", domain="com.microsoft")
    scaled = graph.node("Mul", [product, graph.node("Unsqueeze", [scale, graph.integers(-1)], f"{name}.column")], f"{name}.scaled")
    return graph.node("Reshape", [scaled, _shape(graph, outputs)], name)


def _zeros(graph: GraphBuilder, scale: str) -> str:
    """The zero point for every row, made once: all matrices see the same rows."""
    one = graph.constant("zero_point", np.array([ZERO_POINT], dtype=np.uint8))
    return graph.once("zeros", lambda: graph.node("Expand", [one, graph.node("Shape", [scale], "rows")], "zeros"))


def _shape(graph: GraphBuilder, outputs: int) -> str:
    name = f"shape_{outputs}"
    return graph.once(
        name,
        lambda: graph.node(
            "Concat", [graph.once("shape", lambda: graph.node("Shape", ["input_ids"], "shape")), graph.integers(outputs)], name, axis=0
        ),
    )


def columns_to_int8(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric 7-bit levels and one scale a column."""
    scales = np.abs(weights).max(axis=0) / WEIGHT_LEVELS
    levels = np.round(weights / np.maximum(scales, SCALE_MIN))
    return levels.astype(np.int8), scales.astype(np.float32)

"""Builds the ONNX graph: trunk, mean-pooled embedding and every head, in fp32 or with 8-bit weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from routertrain import base, lexical
from routertrain.heads import LEXICAL_HEADS, QUERY_FLOOR, SEGMENT_STEP, SEGMENT_TOKENS, SEQUENCE_HEADS, TOKEN_HEADS, Head
from routertrain.quantise import Matrix, rows_to_int8
from routertrain.tokens import FIRST_WORD_ID

OPSET = 17
IR_VERSION = 9
END = 2**31 - 1
FUSED = "com.microsoft"


@dataclass
class GraphBuilder:
    """Collects nodes and constants; every method that adds a node returns the name of its first output."""

    matrix: Matrix
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, dtype=np.float32))

    def once(self, name: str, make: Callable[[], str]) -> str:
        """The output `name`, which `make` adds where it is not there yet."""
        if name not in self.made:
            self.made.add(make())
        return name

    def integers(self, *values: int) -> str:
        return self.constant("int_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))

    def node(self, operator: str, inputs: list[str], name: str, *, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        names = [name] if outputs == 1 else [f"{name}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=name, domain=domain, **attributes))
        return names[0]

    def multiply(self, value: str, weights: NDArray[np.float32], name: str) -> str:
        """`value` times a [in, out] matrix in the chosen number format."""
        return self.matrix(self, value, weights, name)

    def dense(self, value: str, weights: NDArray[np.float32], name: str, bias: NDArray[np.float32]) -> str:
        """A small matrix, kept in fp32."""
        product = self.node("MatMul", [value, self.constant(f"{name}.weight", weights)], f"{name}.product")
        return self.node("Add", [product, self.constant(f"{name}.bias", bias)], name)


def build(trunk: base.Trunk, heads: dict[str, Any], matrix: Matrix) -> onnx.ModelProto:
    """Returns a checked model whose inputs are int64 [batch, tokens] and whose outputs are `embedding` and one per head. The heads read
    the mean of the last states as it is; `embedding` is that mean behind the one of the last frozen layer, times `heads["embedding"]`."""
    graph = GraphBuilder(matrix)
    mask = graph.node("Cast", ["attention_mask"], "mask_int32", to=TensorProto.INT32)
    column = graph.node("Unsqueeze", [_float_mask(graph), graph.integers(-1)], "mask_column")
    states = [_embed(graph, trunk)]
    for index, layer in enumerate(trunk["layers"]):
        if index == base.FROZEN_LAYERS:
            states[-1] = _mark_copies(graph, states[-1], heads["copies"])
        states.append(_encode(graph, layer, states[-1], mask, f"layer{index}"))
    last = states[-1]
    _pool(graph, last, column, "mean")
    _pool(graph, states[base.FROZEN_LAYERS], column, "frozen_mean")
    both = graph.node("Concat", ["frozen_mean", "mean"], "both_means", axis=-1)
    graph.node("MatMul", [both, graph.constant("embedding.map", heads["embedding"])], "embedding")
    _sequence_heads(graph, heads, last, column)
    _token_heads(graph, heads, states)
    return _model(graph, _outputs())


def build_lower(trunk: base.Trunk, layers: int, matrix: Matrix) -> onnx.ModelProto:
    """The embeddings and the first layers only; its output `state` is [batch, tokens, hidden]."""
    graph = GraphBuilder(matrix)
    mask = graph.node("Cast", ["attention_mask"], "mask_int32", to=TensorProto.INT32)
    state = _embed(graph, trunk)
    for index, layer in enumerate(trunk["layers"][:layers]):
        state = _encode(graph, layer, state, mask, f"layer{index}")
    graph.node("Identity", [state], "state")
    return _model(graph, [_value("state", TensorProto.FLOAT, "batch", "tokens", base.HIDDEN)])


def _float_mask(graph: GraphBuilder) -> str:
    return graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)


def _embed(graph: GraphBuilder, trunk: base.Trunk) -> str:
    rows, scales = rows_to_int8(trunk["word"])
    word = _scaled_rows(graph, "word", rows, scales, "input_ids")
    shape = graph.once("shape", lambda: graph.node("Shape", ["input_ids"], "shape"))
    length = graph.node("Slice", [shape, graph.integers(1), graph.integers(2)], "length")
    positions = graph.node(
        "Slice",
        [graph.constant("position", trunk["position"]), graph.integers(0), length, graph.integers(0)],
        "positions",
    )
    kind = graph.node("Gather", [graph.constant("type", trunk["type"]), "token_type_ids"], "kinds")
    total = graph.node("Add", [graph.node("Add", [word, positions], "word_at"), kind], "embedded")
    scale = graph.constant("norm_scale", trunk["norm_scale"])
    bias = graph.constant("norm_bias", trunk["norm_bias"])
    return graph.node("LayerNormalization", [total, scale, bias], "state0", axis=-1, epsilon=base.LAYER_NORM_EPSILON)


def _scaled_rows(graph: GraphBuilder, name: str, rows: NDArray[np.int8], scales: NDArray[np.float32], ids: str) -> str:
    """Looks rows of an int8 table up and multiplies each by its own scale."""
    picked = graph.node("Gather", [graph.constant(f"{name}.rows", rows), ids], f"{name}.picked")
    scale = graph.node("Gather", [graph.constant(f"{name}.scales", scales), ids], f"{name}.scale")
    return graph.node("Mul", [graph.node("Cast", [picked], f"{name}.float", to=TensorProto.FLOAT), scale], name + ".value")


def _encode(graph: GraphBuilder, layer: base.Layer, state: str, mask: str, name: str) -> str:
    graph.multiply(state, layer["qkv"], f"{name}.qkv")
    graph.node("Split", [f"{name}.qkv"], f"{name}.part", outputs=3, axis=-1)
    parts = [f"{name}.part_{index}" for index in range(3)]
    attended = graph.node(
        "MultiHeadAttention",
        [*parts, graph.constant(f"{name}.qkv.bias", layer["qkv_bias"]), mask],
        f"{name}.attended",
        domain=FUSED,
        num_heads=base.ATTENTION_HEADS,
    )
    mixed = graph.multiply(attended, layer["mix"], f"{name}.mix")
    middle = _add_and_norm(graph, layer, mixed, state, "norm1", "mix_bias", f"{name}.middle")
    up = graph.multiply(middle, layer["up"], f"{name}.up")
    active = graph.node("BiasGelu", [up, graph.constant(f"{name}.up.bias", layer["up_bias"])], f"{name}.active", domain=FUSED)
    down = graph.multiply(active, layer["down"], f"{name}.down")
    return _add_and_norm(graph, layer, down, middle, "norm2", "down_bias", f"{name}.state")


def _add_and_norm(graph: GraphBuilder, layer: base.Layer, value: str, skip: str, norm: str, bias: str, name: str) -> str:
    constants = [graph.constant(f"{name}.{part}", layer[part]) for part in (f"{norm}_scale", f"{norm}_bias", bias)]
    return graph.node("SkipLayerNormalization", [value, skip, *constants], name, domain=FUSED, epsilon=base.LAYER_NORM_EPSILON)


def _mark_copies(graph: GraphBuilder, state: str, vectors: NDArray[np.float32]) -> str:
    """Adds a vector to each token of a second text that the first has too, and another where it has it behind the same token."""
    rows = graph.node("Unsqueeze", ["input_ids", graph.integers(2)], "copy.rows")
    columns = graph.node("Unsqueeze", ["input_ids", graph.integers(1)], "copy.columns")
    word = graph.node("Greater", ["input_ids", graph.constant("special_last", np.array(FIRST_WORD_ID - 1))], "copy.word")
    second = graph.node("Cast", ["token_type_ids"], "copy.second", to=TensorProto.BOOL)
    first = graph.node("And", [word, graph.node("Not", [second], "copy.not_second")], "copy.first")
    first_column = graph.node("Unsqueeze", [first, graph.integers(1)], "copy.first_column")
    alone = graph.node("And", [graph.node("Equal", [rows, columns], "copy.same"), first_column], "copy.alone")
    number = graph.node("Cast", [alone], "copy.alone_number", to=TensorProto.FLOAT)
    here = graph.node("Slice", [number, graph.integers(1, 1), graph.integers(END, END), graph.integers(1, 2)], "copy.here")
    before = graph.node("Slice", [number, graph.integers(0, 0), graph.integers(-1, -1), graph.integers(1, 2)], "copy.before")
    behind = graph.node("ReduceMax", [graph.node("Mul", [here, before], "copy.both")], "copy.behind", axes=[2], keepdims=1)
    padding = graph.integers(0, 1, 0, 0, 0, 0)
    marks = [
        graph.node("ReduceMax", [number], "copy.found", axes=[2], keepdims=1),
        graph.node("Pad", [behind, padding], "copy.found_behind"),
    ]
    kind = graph.node("Cast", ["token_type_ids"], "copy.kind", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", [kind, graph.integers(-1)], "copy.kind_column")
    found = graph.node("Mul", [graph.node("Concat", marks, "copy.marks", axis=-1), column], "copy.second_marks")
    added = graph.node("MatMul", [found, graph.constant("copy.vectors", vectors)], "copy.added")
    return graph.node("Add", [state, added], "copy.state")


def _pool(graph: GraphBuilder, state: str, column: str, name: str) -> str:
    """The mean of the states of real tokens, [batch, hidden]."""
    kept = graph.node("Mul", [state, column], f"{name}.kept")
    total = graph.node("ReduceSum", [kept, graph.integers(1)], f"{name}.total", keepdims=0)
    count = graph.node("ReduceSum", [column, graph.integers(1)], f"{name}.count", keepdims=0)
    return graph.node("Div", [total, count], name)


def _sequence_heads(graph: GraphBuilder, heads: dict[str, Any], state: str, column: str) -> None:
    """Each head reads the mean beside its own attention-weighted mean; topical heads add the lexical part."""
    queries = np.stack([heads[item.name]["query"] for item in SEQUENCE_HEADS], axis=1)
    scores = graph.node("MatMul", [state, graph.constant("queries", queries)], "query.scores")
    hidden = graph.node(
        "Where", [graph.node("Cast", [column], "real", to=TensorProto.BOOL), scores, graph.number("minus", -1e9)], "query.masked"
    )
    weights = graph.node("Softmax", [graph.node("Transpose", [hidden], "query.rows", perm=[0, 2, 1])], "query.weights", axis=-1)
    graph.node("MatMul", [weights, state], "query.means")
    graph.node("Split", ["query.means"], "query.mean", outputs=len(SEQUENCE_HEADS), axis=1)
    words = _lexical_logits(graph, heads["lexical"])
    for index, item in enumerate(SEQUENCE_HEADS):
        if item.by_segments:
            _surest_segment(graph, item, heads[item.name], state, index)
            continue
        own = graph.node("Squeeze", [f"query.mean_{index}", graph.integers(1)], f"{item.name}.own")
        features = graph.node("Concat", ["mean", own], f"{item.name}.features", axis=-1)
        parameters = heads[item.name]
        target = f"{item.name}.dense" if item.lexical else item.name
        graph.dense(features, parameters["weight"], target, parameters["bias"])
        if item.lexical:
            graph.node("Add", [target, words[item.name]], item.name)


def _surest_segment(graph: GraphBuilder, item: Head, parameters: dict[str, Any], state: str, index: int) -> None:
    """The same as `net._surest_segment`, its sums as the averages of a pooling node: only their ratios and the counts matter."""
    name, weight, bias = item.name, parameters["weight"], parameters["bias"]
    margins = np.stack(np.split(weight[:, 1] - weight[:, 0], 2), axis=1)
    scores = graph.node("Gather", ["query.masked", graph.integers(index)], f"{name}.scores", axis=2)
    highest = graph.node("ReduceMax", [scores], f"{name}.highest", axes=[1], keepdims=1)
    below = graph.node("Sub", [scores, highest], f"{name}.below")
    raised = graph.node("Exp", [graph.node("Max", [below, graph.number("query.floor", QUERY_FLOOR)], f"{name}.lifted")], f"{name}.raised")
    own = graph.node("Mul", [raised, "mask_column"], f"{name}.own")
    weights = graph.node("Concat", ["mask_column", own], f"{name}.weights", axis=-1)
    values = graph.node("MatMul", [state, graph.constant(f"{name}.margins", margins)], f"{name}.values")
    weighted = graph.node("Mul", [weights, values], f"{name}.weighted")
    columns = graph.node("Concat", [weights, weighted], f"{name}.columns", axis=-1)
    graph.node(
        "AveragePool",
        [graph.node("Transpose", [columns], f"{name}.rows", perm=[0, 2, 1])],
        f"{name}.pooled",
        kernel_shape=[SEGMENT_TOKENS],
        strides=[SEGMENT_STEP],
        pads=[0, SEGMENT_TOKENS - 1],
        count_include_pad=1,
    )
    graph.node("Split", [f"{name}.pooled"], f"{name}.part", outputs=2, axis=1)
    shares = graph.node("Max", [f"{name}.part_0", graph.number("share.least", 1e-12)], f"{name}.shares")
    means = graph.node("Div", [f"{name}.part_1", shares], f"{name}.means")
    total = graph.node("ReduceSum", [means, graph.integers(1)], f"{name}.total", keepdims=0)
    found = graph.node("Add", [total, graph.number(f"{name}.bias", float(bias[1] - bias[0]))], f"{name}.margin")
    counted = graph.node("Where", [_adding_segments(graph, name), found, graph.number("minus", -1e9)], f"{name}.counted")
    surest = graph.node("ReduceMax", [counted], f"{name}.surest", axes=[1], keepdims=1)
    graph.node("Mul", [surest, graph.constant("halves", np.array([-0.5, 0.5], dtype=np.float32))], name)


def _adding_segments(graph: GraphBuilder, name: str) -> str:
    """Whether a segment has tokens that the one before it does not have, [batch, segments]."""
    first = graph.node("Gather", [f"{name}.part_0", graph.integers(0)], f"{name}.first", axis=1)
    share = graph.node("Squeeze", [first, graph.integers(1)], f"{name}.share")
    count = graph.node("Mul", [share, graph.number("segment.tokens", SEGMENT_TOKENS)], f"{name}.count")
    tokens = graph.node("ReduceSum", ["mask", graph.integers(1)], f"{name}.tokens", keepdims=1)
    whole = graph.node("Sub", [tokens, graph.number("segment.half_token", 0.5)], f"{name}.whole")
    least = graph.node("Min", [whole, graph.number("segment.least", SEGMENT_STEP + 0.5)], f"{name}.least")
    return graph.node("Greater", [count, least], f"{name}.adds")


def _lexical_logits(graph: GraphBuilder, table: NDArray[np.float32]) -> dict[str, str]:
    """Sums the table rows of all words and word pairs over the square root of the number of tokens."""
    pairs = _row_sum(graph, table[: lexical.PAIR_BUCKETS], _pair_ids(graph), "pair_mask", "pairs")
    words = _row_sum(graph, table[lexical.PAIR_BUCKETS :], "input_ids", "attention_mask", "words")
    total = graph.node("Add", [words, pairs], "lexical.total")
    count = graph.node("ReduceSum", ["mask", graph.integers(1)], "lexical.count", keepdims=1)
    logits = graph.node("Div", [total, graph.node("Sqrt", [count], "lexical.root")], "lexical.logits")
    sizes = graph.integers(*[len(item.labels) for item in LEXICAL_HEADS])
    graph.node("Split", [logits, sizes], "lexical.part", outputs=len(LEXICAL_HEADS), axis=-1)
    return {item.name: f"lexical.part_{index}" for index, item in enumerate(LEXICAL_HEADS)}


def _pair_ids(graph: GraphBuilder) -> str:
    """Hashes of neighbouring tokens; `pair_mask` tells which second tokens are real."""
    end = graph.integers(END)
    first = graph.node("Slice", ["input_ids", graph.integers(0), graph.integers(-1), graph.integers(1)], "pair.first")
    second = graph.node("Slice", ["input_ids", graph.integers(1), end, graph.integers(1)], "pair.second")
    graph.node("Slice", ["attention_mask", graph.integers(1), end, graph.integers(1)], "pair_mask")
    scaled = graph.node("Mul", [first, graph.integers(lexical.PAIR_FACTOR)], "pair.scaled")
    mixed = graph.node("Add", [scaled, second], "pair.mixed")
    return graph.node("Mod", [mixed, graph.integers(lexical.PAIR_BUCKETS)], "pair.ids")


def _row_sum(graph: GraphBuilder, table: NDArray[np.float32], ids: str, mask: str, name: str) -> str:
    """The sum of a half-precision table's rows at the real ids, [batch, classes]."""
    rows = graph.constant(f"lexical.{name}.rows", table.astype(np.float16))
    picked = graph.node("Gather", [rows, ids], f"lexical.{name}.picked")
    value = graph.node("Cast", [picked], f"lexical.{name}.value", to=TensorProto.FLOAT)
    real = graph.node("Cast", [mask], f"lexical.{name}.real", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", [real, graph.integers(-1)], f"lexical.{name}.column")
    kept = graph.node("Mul", [value, column], f"lexical.{name}.kept")
    return graph.node("ReduceSum", [kept, graph.integers(1)], f"lexical.{name}.sum", keepdims=0)


def _token_heads(graph: GraphBuilder, heads: dict[str, Any], states: list[str]) -> None:
    features = graph.node("Concat", [states[base.TOKEN_FEATURE_LAYER], states[-1]], "token.features", axis=-1)
    for item in TOKEN_HEADS:
        graph.dense(features, heads[item.name]["weight"], item.name, heads[item.name]["bias"])


def _outputs() -> list[onnx.ValueInfoProto]:
    outputs = [_value("embedding", TensorProto.FLOAT, "batch", base.HIDDEN)]
    outputs += [_value(item.name, TensorProto.FLOAT, "batch", len(item.labels)) for item in SEQUENCE_HEADS]
    return outputs + [_value(item.name, TensorProto.FLOAT, "batch", "tokens", len(item.labels)) for item in TOKEN_HEADS]


def _value(name: str, kind: int, *shape: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))


def _model(graph: GraphBuilder, outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
    inputs = [_value(name, TensorProto.INT64, "batch", "tokens") for name in ("input_ids", "attention_mask", "token_type_ids")]
    body = helper.make_graph(graph.nodes, "router", inputs, outputs, list(graph.constants.values()))
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    model = helper.make_model(body, opset_imports=imports, producer_name="routertrain", ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model

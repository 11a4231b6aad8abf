"""The trainable upper layers and heads as pure JAX functions; the same arithmetic as the exported graph without its lexical part."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from routertrain import base, tokens
from routertrain.heads import QUERY_FLOOR, SEGMENT_STEP, SEQUENCE_HEADS, TOKEN_HEADS

Parameters = dict[str, Any]
HEAD_SIZE = base.HIDDEN // base.ATTENTION_HEADS


def initial(trunk: base.Trunk, key: Array) -> Parameters:
    """The upper layers as they come, heads near zero."""
    heads: Parameters = {}
    for item in SEQUENCE_HEADS:
        key, query_key, weight_key = jax.random.split(key, 3)
        heads[item.name] = {
            "query": 0.05 * jax.random.normal(query_key, (base.HIDDEN,)),
            "weight": 0.02 * jax.random.normal(weight_key, (2 * base.HIDDEN, len(item.labels))),
            "bias": jnp.zeros(len(item.labels)),
        }
    for item in TOKEN_HEADS:
        key, weight_key = jax.random.split(key)
        heads[item.name] = {
            "weight": 0.02 * jax.random.normal(weight_key, (2 * base.HIDDEN, len(item.labels))),
            "bias": jnp.zeros(len(item.labels)),
        }
    heads["copies"] = 0.05 * jax.random.normal(key, (tokens.COPY_MARKS, base.HIDDEN))
    upper = [{name: jnp.asarray(value) for name, value in layer.items()} for layer in trunk["layers"][base.FROZEN_LAYERS :]]
    return {"layers": upper, "heads": heads}


def forward(parameters: Parameters, state: Array, mask: Array, copies: Array) -> dict[str, Array]:
    """`state` [batch, tokens, hidden] after the frozen layers, `mask` [batch, tokens], `copies` the marks of `tokens.copies`;
    returns every output of the graph."""
    states = [state + copies @ parameters["heads"]["copies"]]
    bias = jnp.where(mask[:, None, None, :] > 0, 0.0, -1e9)
    for layer in parameters["layers"]:
        states.append(_encode(layer, states[-1], bias))
    last = states[-1]
    column = mask[:, :, None].astype(last.dtype)
    embedding = (last * column).sum(1) / column.sum(1)
    outputs = {"embedding": embedding}
    outputs |= _sequence_logits(parameters["heads"], last, mask, embedding)
    features = jnp.concatenate([states[base.TOKEN_FEATURE_LAYER - base.FROZEN_LAYERS], last], axis=-1)
    for item in TOKEN_HEADS:
        head = parameters["heads"][item.name]
        outputs[item.name] = features @ head["weight"] + head["bias"]
    return outputs


def _sequence_logits(heads: Parameters, last: Array, mask: Array, embedding: Array) -> dict[str, Array]:
    queries = jnp.stack([heads[item.name]["query"] for item in SEQUENCE_HEADS], axis=1)
    scores = jnp.where(mask[:, :, None] > 0, last @ queries, -1e9)
    weights = jax.nn.softmax(scores, axis=1)
    means = jnp.einsum("bth,btd->bhd", weights, last)
    logits = {}
    for index, item in enumerate(SEQUENCE_HEADS):
        if item.by_segments:
            logits[item.name] = _surest_segment(heads[item.name], last, mask, scores[:, :, index])
            continue
        features = jnp.concatenate([embedding, means[:, index]], axis=-1)
        logits[item.name] = features @ heads[item.name]["weight"] + heads[item.name]["bias"]
    return logits


def _surest_segment(head: Parameters, last: Array, mask: Array, scores: Array) -> Array:
    """The two means of a head are taken over each segment, and the segment with the greatest margin counts. A segment is two steps
    long, so its sums are those of two neighbouring steps; one that adds no token to the segment before it is left out."""
    margins = head["weight"][:, 1] - head["weight"][:, 0]
    raised = jnp.exp(jnp.maximum(scores - jax.lax.stop_gradient(scores.max(1, keepdims=True)), QUERY_FLOOR))
    weights = jnp.stack([jnp.ones_like(raised), raised], axis=-1) * mask[:, :, None]
    weighted = weights * (last @ margins.reshape(2, base.HIDDEN).T)
    sums = _segment_sums(jnp.concatenate([weights, weighted], axis=-1))
    means = sums[:, :, 2:] / jnp.maximum(sums[:, :, :2], 1e-9)
    found = means.sum(-1) + head["bias"][1] - head["bias"][0]
    adds = sums[:, :, 0] > jnp.minimum(mask.sum(1, keepdims=True) - 1, SEGMENT_STEP) + 0.5
    surest = jnp.where(adds, found, -1e9).max(1)
    return jnp.stack([-surest / 2, surest / 2], axis=-1)


def _segment_sums(values: Array) -> Array:
    batch, tokens, numbers = values.shape
    steps = -(-tokens // SEGMENT_STEP)
    filled = jnp.pad(values, ((0, 0), (0, (steps + 1) * SEGMENT_STEP - tokens), (0, 0)))
    sums = filled.reshape(batch, steps + 1, SEGMENT_STEP, numbers).sum(2)
    return sums[:, :-1] + sums[:, 1:]


def _encode(layer: Parameters, state: Array, bias: Array) -> Array:
    mixed = _attend(layer, state, bias) @ layer["mix"] + layer["mix_bias"]
    middle = _normalise(state + mixed, layer["norm1_scale"], layer["norm1_bias"])
    active = jax.nn.gelu(middle @ layer["up"] + layer["up_bias"], approximate=False)
    down = active @ layer["down"] + layer["down_bias"]
    return _normalise(middle + down, layer["norm2_scale"], layer["norm2_bias"])


def _attend(layer: Parameters, state: Array, bias: Array) -> Array:
    batch, tokens, _ = state.shape
    parts = jnp.split(state @ layer["qkv"] + layer["qkv_bias"], 3, axis=-1)
    query, key, value = (part.reshape(batch, tokens, base.ATTENTION_HEADS, HEAD_SIZE) for part in parts)
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) / HEAD_SIZE**0.5 + bias
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, axis=-1), value)
    return mixed.reshape(batch, tokens, base.HIDDEN)


def _normalise(value: Array, scale: Array, bias: Array) -> Array:
    centred = value - value.mean(-1, keepdims=True)
    variance = (centred**2).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + base.LAYER_NORM_EPSILON) * scale + bias

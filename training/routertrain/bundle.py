"""Writes the files that the engine loads; the contract is in training/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx

from routertrain import base
from routertrain.heads import HEADS, Head
from routertrain.manifest import FORMAT, manifest
from routertrain.vocabulary import extended_tokenizer

WINDOW_TOKENS = 256
WINDOW_OVERLAP = 64


def write(folder: Path, model: onnx.ModelProto, tokenizer: Path, calibration: dict[str, dict[str, Any]]) -> None:
    """`calibration` gives per head its temperature, abstention bound and, where it has one, its threshold."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    content = extended_tokenizer(tokenizer)
    _write_json(folder / "tokenizer.json", content, indent=None)
    _write_json(folder / "config.json", _config(len(content["model"]["vocab"])))
    heads = [_embedding(), *(_describe(item, calibration[item.name]) for item in HEADS)]
    windows = {"tokens": WINDOW_TOKENS, "overlap": WINDOW_OVERLAP}
    _write_json(folder / "heads.json", {"format": FORMAT, "windows": windows, "heads": heads})
    _write_json(folder / "manifest.json", manifest(folder))


def _config(words: int) -> dict[str, Any]:
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": base.HIDDEN,
        "num_hidden_layers": base.LAYERS,
        "num_attention_heads": base.ATTENTION_HEADS,
        "intermediate_size": 4 * base.HIDDEN,
        "max_position_embeddings": base.POSITIONS_MAX,
        "vocab_size": words,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": base.LAYER_NORM_EPSILON,
        "pad_token_id": 0,
    }


def _embedding() -> dict[str, Any]:
    return {"name": "embedding", "task": "EMBED", "output": "embedding", "input": "single", "labels": [], "pool": "mean"}


def _describe(item: Head, calibration: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": item.name,
        "task": item.task,
        "output": item.name,
        "input": item.input,
        "labels": list(item.labels),
        "positive_labels": list(item.positive),
        "pool": item.pool,
        **calibration,
    }


def _write_json(path: Path, content: Any, indent: int | None = 1) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")

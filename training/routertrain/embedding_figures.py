"""What tuning did to the embedding: intents by prototypes, duplicate questions, and the cosine to the untuned embedding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from routertrain import base, batches, graph, metrics, tokens
from routertrain.infer import Bundle
from routertrain.quantise import float_matrix
from routertrain.records import read_rows

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
PAIRS = 3000
DRIFT_TEXTS = 600
EXAMPLES_PER_INTENT = 40
TOKENS_MAX = 128
BATCH = 32


def figures(bundle: Bundle, data: Path, base_folder: Path) -> dict[str, Any]:
    before = untuned(base_folder)
    pairs = read_rows(data, "cache/qqp", "dev")[:PAIRS]
    texts = [pair["a"] for pair in pairs[:DRIFT_TEXTS]] + [row["text"] for row in read_rows(data, "intent/clinc150", "dev")[:DRIFT_TEXTS]]
    cosine = (before(texts) * bundle.embeddings(texts)).sum(axis=1)
    return {
        "cosine_to_untuned": {"mean": float(cosine.mean()), "lowest": float(cosine.min()), "rows": len(texts)},
        "clinc": {"before": intents(before, data), "after": intents(bundle.embeddings, data)},
        "qqp_auroc": {"before": duplicates(before, pairs), "after": duplicates(bundle.embeddings, pairs)},
    }


def untuned(base_folder: Path) -> Embed:
    """The base model in fp32, mean pooled, as unit vectors."""
    tokenizer, session = untuned_session(base_folder)

    def embed(texts: Sequence[str]) -> Floats:
        joined = means(session, tokenizer, texts)
        return np.asarray(joined / np.linalg.norm(joined, axis=1, keepdims=True))

    return embed


def untuned_session(base_folder: Path) -> tuple[Tokenizer, onnxruntime.InferenceSession]:
    """The base model's states in fp32, and its tokenizer."""
    tokenizer: Tokenizer = tokens.load_tokenizer(base_folder / "all-minilm-l6-v2-tokenizer.json", TOKENS_MAX)
    trunk = base.load_trunk(base_folder / "all-minilm-l6-v2.onnx", tokenizer.get_vocab_size())
    return tokenizer, batches.session(graph.build_lower(trunk, base.LAYERS, float_matrix).SerializeToString(), 1)


def means(session: onnxruntime.InferenceSession, tokenizer: Tokenizer, texts: Sequence[str]) -> Floats:
    """The first output of a graph, [texts, hidden]; of one that gives a state per token the mean over the real tokens."""
    output = session.get_outputs()[0].name
    encodings = tokenizer.encode_batch(list(texts))
    order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
    joined = np.zeros((len(texts), base.HIDDEN), dtype=np.float32)
    for at in range(0, len(order), BATCH):
        picked = order[at : at + BATCH]
        feed = tokens.padded([encodings[index] for index in picked], len(picked), len(encodings[picked[-1]].ids))
        found = session.run([output], feed)[0]
        column = feed["attention_mask"][:, :, None]
        joined[picked] = found if found.ndim == 2 else (found * column).sum(axis=1) / column.sum(axis=1)
    return joined


def intents(embed: Embed, data: Path) -> dict[str, Any]:
    """Nearest mean of the first training texts of each intent; the distance to it tells what is out of scope."""
    by_intent: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read_rows(data, "intent/clinc150", "train"):
        by_intent[row["intent"]].append(row)
    known = [row for intent, rows in by_intent.items() if intent != "oos" for row in rows[:EXAMPLES_PER_INTENT]]
    names = sorted({row["intent"] for row in known})
    vectors, labels = embed([row["text"] for row in known]), np.array([names.index(row["intent"]) for row in known])
    means = np.stack([vectors[labels == index].mean(axis=0) for index in range(len(names))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    dev = read_rows(data, "intent/clinc150", "dev")
    cosine = embed([row["text"] for row in dev]) @ means.T
    inside = np.array([row["intent"] != "oos" for row in dev])
    hits = np.array([names[best] == row["intent"] for best, row in zip(cosine.argmax(axis=1), dev, strict=True)])
    return {"accuracy": metrics.share(hits[inside]), "out_of_scope_auroc": metrics.with_interval(metrics.auroc, cosine.max(axis=1), inside)}


def duplicates(embed: Embed, pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    cosine = (embed([pair["a"] for pair in pairs]) * embed([pair["b"] for pair in pairs])).sum(axis=1)
    return metrics.with_interval(metrics.auroc, cosine, np.array([pair["same"] for pair in pairs]))

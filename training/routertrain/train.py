"""Tunes the upper layers and all heads together on one mixed stream of batches."""

from __future__ import annotations

import argparse
import logging
import math
import pickle
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from tokenizers import Tokenizer

from routertrain import base, batches, graph, net, plan, tokens
from routertrain.heads import SEQUENCE_HEADS, TOKEN_HEADS
from routertrain.quantise import row_matrix
from routertrain.records import Example

PEAK_RATES = {"layers": 3e-4, "heads": 2e-3}
SETTLING_RATE = 0.2
"""Of the second pass, as a share of the first one's."""
WARM_UP_SHARE = 0.06
WEIGHT_DECAY = 0.01
EMBEDDING_WEIGHT = 4.0
CONSISTENCY_WEIGHT = 2.0
HEAD_WEIGHTS = {
    "domain": 1.0,
    "jailbreak": 1.5,
    "fact_check": 1.0,
    "user_feedback": 1.0,
    "modality": 1.0,
    "complexity": 0.4,
    "nli": 1.0,
    "pii": 4.0,
    "hallucination": 2.0,
}
EMBEDDED_TOGETHER = 32
LOG_EVERY = 50
log = logging.getLogger("train")


def loss(parameters: net.Parameters, batch: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The mean over rows of all their known targets; also returns each head's share for the log."""
    outputs = net.forward(parameters, batch["state"], batch["mask"], batch["copies"])
    parts = {}
    for item in SEQUENCE_HEADS:
        parts[item.name] = -(batch[item.name] * jax.nn.log_softmax(outputs[item.name])).sum(-1).mean()
    for item in TOKEN_HEADS:
        parts[item.name] = _token_loss(outputs[item.name], batch[item.name])
    total = sum(HEAD_WEIGHTS[name] * part for name, part in parts.items())
    parts["embedding"] = _embedding_loss(outputs["embedding"], batch["embedding"])
    parts["consistency"] = _consistency_loss(outputs["domain"], batch["twin"])
    return total + EMBEDDING_WEIGHT * parts["embedding"] + CONSISTENCY_WEIGHT * parts["consistency"], parts


def _token_loss(logits: Array, classes: Array) -> Array:
    known = (classes >= 0).astype(logits.dtype)
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), jnp.maximum(classes, 0)[..., None], axis=-1)[..., 0]
    per_row = -(picked * known).sum(1) / jnp.maximum(known.sum(1), 1.0)
    return per_row.mean()


def _embedding_loss(now: Array, before: Array) -> Array:
    """One minus the cosine to the untuned embedding, over the rows that have one."""
    lengths = jnp.linalg.norm(now, axis=-1) * jnp.linalg.norm(before, axis=-1)
    known = (lengths > 0).astype(now.dtype)
    cosine = (now * before).sum(-1) / jnp.maximum(lengths, 1e-9)
    return ((1.0 - cosine) * known).mean()


def _consistency_loss(logits: Array, twin: Array) -> Array:
    """How far the topics of disguised copies are from those of their plain texts: the divergence both ways, nought without a copy."""
    copied = jax.nn.log_softmax(logits)
    plain = copied[twin]
    return ((jnp.exp(plain) - jnp.exp(copied)) * (plain - copied)).sum(-1).mean() / 2


def optimiser() -> optax.GradientTransformation:
    """AdamW at rate one: the step multiplies by the rate of the moment, so that compiled code does not depend on a run's length."""
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1.0, weight_decay=WEIGHT_DECAY))


def rate(index: int, steps: int) -> float:
    """Rises over the warm-up, then falls along a cosine to zero; between 0 and 1."""
    warm_up = max(1, int(WARM_UP_SHARE * steps))
    if index < warm_up:
        return index / warm_up
    return 0.5 * (1.0 + math.cos(math.pi * (index - warm_up) / max(1, steps - warm_up)))


def compiled_step(transform: optax.GradientTransformation) -> Any:
    @jax.jit
    def step(parameters: net.Parameters, state: Any, batch: dict[str, Array], now: float) -> tuple[net.Parameters, Any, dict[str, Array]]:
        (_, parts), gradient = jax.value_and_grad(loss, has_aux=True)(parameters, batch)
        updates, state = transform.update(gradient, state, parameters)
        scaled = {name: _scaled(updates[name], peak, now) for name, peak in PEAK_RATES.items()}
        return optax.apply_updates(parameters, scaled), state, parts

    return step


def _scaled(updates: Any, peak: float, now: float) -> Any:
    return jax.tree.map(lambda update: update * peak * now, updates)


def prepare(rows: list[Example], trunk: base.Trunk, tokenizer: Tokenizer) -> list[batches.Prepared]:
    """Encodes the rows and gives those that keep their embedding its value before tuning."""
    encodings = batches.encode(tokenizer, rows)
    kept = [index for index, row in enumerate(rows) if row.keeps_embedding]
    whole = batches.session(graph.build_lower(trunk, base.LAYERS, row_matrix).SerializeToString(), 1)
    embeddings: dict[int, Any] = {}
    for at in range(0, len(kept), EMBEDDED_TOGETHER):
        picked = kept[at : at + EMBEDDED_TOGETHER]
        feed = tokens.padded([encodings[index] for index in picked], len(picked), max(len(encodings[index].ids) for index in picked))
        column = feed["attention_mask"][:, :, None]
        means = (whole.run(["state"], feed)[0] * column).sum(axis=1) / column.sum(axis=1)
        embeddings |= dict(zip(picked, means, strict=True))
    return [batches.Prepared(row, encodings[index], embeddings.get(index)) for index, row in enumerate(rows)]


def train(
    trunk: base.Trunk, parameters: net.Parameters, rows: list[batches.Prepared], seed: int, progress: Path, share: float = 1.0
) -> net.Parameters:
    """One pass, at that share of the peak rates. Writes the parameters to `progress` now and then, so that a run that is cut short can be looked at."""
    stream = batches.shuffled_batches(rows, seed)
    transform = optimiser()
    state, step = transform.init(parameters), compiled_step(transform)
    lower = batches.session(graph.build_lower(trunk, base.FROZEN_LAYERS, row_matrix).SerializeToString(), 1)
    started, sums = time.monotonic(), dict.fromkeys([*HEAD_WEIGHTS, "embedding", "consistency"], 0.0)
    for index, batch in enumerate(batches.with_states(lower, stream), start=1):
        parameters, state, parts = step(parameters, state, batch, share * rate(index, len(stream)))
        sums = {name: value + float(parts[name]) for name, value in sums.items()}
        if index % LOG_EVERY == 0:
            shown = " ".join(f"{name} {value / LOG_EVERY:.3f}" for name, value in sums.items())
            log.info("step %d of %d, %.0f s: %s", index, len(stream), time.monotonic() - started, shown)
            sums = dict.fromkeys(sums, 0.0)
            save(parameters, progress)
    return parameters


def save(parameters: net.Parameters, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(jax.tree.map(np.asarray, parameters), file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--base", type=Path, required=True, help="folder with the base model and its tokenizer")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is kept between steps")
    parser.add_argument("--rows", type=int, help="train on the first rows only, to try the code")
    parser.add_argument("--first", type=Path, help="parameters of a first pass that was made before; only the second is made")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    jax.config.update("jax_compilation_cache_dir", str(arguments.work / "jax"))
    own = Path(__file__).parent.parent / "data"
    tokenizer = tokens.load_tokenizer(arguments.base / "all-minilm-l6-v2-tokenizer.json", batches.WIDTHS[-1])
    trunk = base.load_trunk(arguments.base / "all-minilm-l6-v2.onnx", tokenizer.get_vocab_size())
    rows = plan.fitted(plan.training_examples(arguments.data, own, plan.SEED), plan.SEED)[: arguments.rows]
    log.info("%d rows", len(rows))
    if arguments.first is None:
        initial = net.initial(trunk, jax.random.PRNGKey(plan.SEED))
        first = train(trunk, initial, prepare(rows, trunk, tokenizer), plan.SEED, arguments.work / "progress.pickle")
        save(first, arguments.work / "first.pickle")
    else:
        first = pickle.loads(arguments.first.read_bytes())
    settling = plan.settling(rows, plan.SEED)
    log.info("%d rows in the second pass", len(settling))
    prepared = prepare(settling, trunk, tokenizer)
    trained = train(trunk, first, prepared, plan.SEED, arguments.work / "progress.pickle", SETTLING_RATE)
    save(trained, arguments.work / "parameters.pickle")


if __name__ == "__main__":
    main()

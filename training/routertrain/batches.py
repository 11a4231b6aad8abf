"""Examples to batches of one width each, with every head's targets and the states after the frozen layers."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from routertrain import tokens
from routertrain.heads import SEQUENCE_HEADS, TOKEN_HEADS
from routertrain.records import Example

Arrays = dict[str, NDArray[Any]]
WIDTHS = (16, 32, 48, 64, 96, 128, 192, 256)
TOKENS_PER_BATCH = 1024
TOPICAL_TOKENS_MAX = 64
SINGLE_TOKENS_MAX = 128
DISGUISED_TOKENS_MAX = 256
"""A padded copy that is cut short has lost what its label speaks of."""
BATCHES_AHEAD = 4
COPY_LONGER_MAX = 48
"""Tokens that a copy may have more than its plain text if both are to be in one batch, which has one width."""


@dataclass(frozen=True)
class Prepared:
    example: Example
    encoding: Encoding
    embedding: NDArray[np.float32] | None


def session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def encode(tokenizer: Tokenizer, rows: Sequence[Example]) -> list[Encoding]:
    """Topical heads see the start of a text only; threats, tags and pairs need more of it."""
    encodings = tokenizer.encode_batch([(row.text, row.pair) if row.pair else row.text for row in rows])
    for row, encoding in zip(rows, encodings, strict=True):
        if row.pair is None:
            encoding.truncate(_tokens_max(row))
    return encodings


def _tokens_max(row: Example) -> int:
    if "+" in row.source:
        return DISGUISED_TOKENS_MAX
    return SINGLE_TOKENS_MAX if row.spans or "jailbreak" in row.labels else TOPICAL_TOKENS_MAX


def shuffled_batches(rows: Sequence[Prepared], seed: int) -> list[tuple[int, list[Prepared]]]:
    """Pairs of a width and rows that fit it, in random order; only full batches, so that each width compiles once. A disguised copy
    stands behind its plain text, but for those few that the end of a batch parts."""
    chance = random.Random(seed)
    by_width: dict[int, list[list[Prepared]]] = defaultdict(list)
    for group in _with_copies(rows):
        longest = max(len(row.encoding.ids) for row in group)
        by_width[next(width for width in WIDTHS if longest <= width)].append(group)
    batches = []
    for width, groups in by_width.items():
        size = TOKENS_PER_BATCH // width
        chance.shuffle(groups)
        found = [row for group in groups for row in group]
        batches += [(width, found[at : at + size]) for at in range(0, len(found) - size + 1, size)]
    chance.shuffle(batches)
    return batches


def _with_copies(rows: Sequence[Prepared]) -> list[list[Prepared]]:
    """Each row by itself, or with a disguised copy of it that is not much longer."""
    copies: dict[str, list[Prepared]] = defaultdict(list)
    for row in rows:
        if row.example.plain is not None:
            copies[row.example.plain].append(row)
    groups = []
    for row in rows:
        fitting = [copy for copy in copies[row.example.text] if len(copy.encoding.ids) <= len(row.encoding.ids) + COPY_LONGER_MAX]
        if fitting:
            groups.append([row, fitting[0]])
            copies[row.example.text].remove(fitting[0])
    together = {id(row) for group in groups for row in group}
    return groups + [[row] for row in rows if id(row) not in together]


def with_states(lower: onnxruntime.InferenceSession, batches: Sequence[tuple[int, list[Prepared]]]) -> Iterator[Arrays]:
    """Runs the frozen layers a few batches ahead of the training step."""

    def build(batch: tuple[int, list[Prepared]]) -> Arrays:
        width, rows = batch
        feed = tokens.padded([row.encoding for row in rows], len(rows), width)
        arrays = targets(rows, width)
        arrays["state"] = lower.run(["state"], feed)[0]
        arrays["copies"] = tokens.copies(feed)
        arrays["mask"] = feed["attention_mask"].astype(np.float32)
        return arrays

    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting = [pool.submit(build, batch) for batch in batches[:BATCHES_AHEAD]]
        for index in range(len(batches)):
            if index + BATCHES_AHEAD < len(batches):
                waiting.append(pool.submit(build, batches[index + BATCHES_AHEAD]))
            yield waiting.pop(0).result()


def targets(rows: Sequence[Prepared], width: int) -> Arrays:
    """Per sequence head a distribution (all zero: unknown); per token head a class per token (-1: not counted)."""
    arrays: Arrays = {}
    for item in SEQUENCE_HEADS:
        unknown = (0.0,) * len(item.labels)
        arrays[item.name] = np.array([row.example.labels.get(item.name, unknown) for row in rows], dtype=np.float32)
    for item in TOKEN_HEADS:
        arrays[item.name] = np.stack([_token_classes(row, item.name, width) for row in rows])
    arrays["twin"] = np.array([_twin(rows, index) for index in range(len(rows))], dtype=np.int32)
    arrays["embedding"] = np.stack([np.zeros(384, np.float32) if row.embedding is None else row.embedding for row in rows])
    return arrays


def _twin(rows: Sequence[Prepared], index: int) -> int:
    """The place of the plain text of which a row is a copy; its own where that is not in the batch."""
    is_copy = index > 0 and rows[index].example.plain == rows[index - 1].example.text
    return index - 1 if is_copy else index


def _token_classes(row: Prepared, name: str, width: int) -> NDArray[np.int32]:
    """Every piece of a word carries the word's class."""
    classes = np.full(width, -1, dtype=np.int32)
    spans = row.example.spans.get(name)
    if spans is None:
        return classes
    found = tokens.words(row.encoding, 1 if row.example.pair else 0)
    labels = tokens.pii_labels(found, spans) if name == "pii" else tokens.flag_labels(found, spans)
    for word, label in zip(found, labels, strict=True):
        classes[word.first : word.last + 1] = label
    return classes

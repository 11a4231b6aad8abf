"""Texts to padded token batches, and character spans to labels of words and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from routertrain.heads import PII_LABELS
from routertrain.records import Span
from routertrain.vocabulary import extended_tokenizer

Ints = NDArray[np.int64]
FIRST_WORD_ID = 999
"""Smaller ids are padding and the special tokens."""
COPY_MARKS = 2


@dataclass(frozen=True)
class Word:
    """Pieces [first, last] of one word of the pre-tokenizer, and its characters [start, end)."""

    first: int
    last: int
    start: int
    end: int


def load_tokenizer(path: Path, tokens_max: int) -> Tokenizer:
    """Cuts at `tokens_max`; of a pair, the first text only."""
    tokenizer = Tokenizer.from_str(json.dumps(extended_tokenizer(path)))
    tokenizer.enable_truncation(tokens_max, strategy="longest_first")
    return tokenizer


def padded(encodings: Sequence[Encoding], rows: int, width: int) -> dict[str, Ints]:
    """The three model inputs [rows, width]; rows beyond the encodings hold one padding token that counts as real."""
    feed = {name: np.zeros((rows, width), dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    feed["attention_mask"][:, 0] = 1
    for index, encoding in enumerate(encodings):
        count = len(encoding.ids)
        feed["input_ids"][index, :count] = encoding.ids
        feed["attention_mask"][index, :count] = 1
        feed["token_type_ids"][index, :count] = encoding.type_ids
    return feed


def copies(feed: dict[str, Ints]) -> NDArray[np.float32]:
    """Marks [rows, width, 2] of a second text's tokens: 1 where the first text has the token; 1 where it has it behind the same token."""
    ids, kinds = feed["input_ids"], feed["token_type_ids"]
    if not kinds.any():
        return np.zeros((*ids.shape, COPY_MARKS), dtype=np.float32)
    same = ids[:, :, None] == ids[:, None, :]
    first = ((kinds == 0) & (ids >= FIRST_WORD_ID))[:, None, :]
    alone = same & first
    behind = np.zeros_like(alone)
    behind[:, 1:, 1:] = alone[:, 1:, 1:] & alone[:, :-1, :-1]
    marks = np.stack([alone.any(axis=2), behind.any(axis=2)], axis=-1) & (kinds == 1)[:, :, None]
    return marks.astype(np.float32)


def words(encoding: Encoding, sequence: int) -> list[Word]:
    """The words of the first (0) or second (1) text, in order."""
    found: list[Word] = []
    number = -1
    for index, (word, part, (start, end)) in enumerate(zip(encoding.word_ids, encoding.sequence_ids, encoding.offsets, strict=True)):
        if part != sequence or word is None:
            continue
        if word == number:
            last = found[-1]
            found[-1] = Word(last.first, index, last.start, end)
        else:
            found.append(Word(index, index, start, end))
            number = word
    return found


def pii_labels(found: Sequence[Word], spans: Sequence[Span]) -> list[int]:
    """A BIO label per word; a word belongs to a span that it overlaps."""
    labels = []
    before: Span | None = None
    for word in found:
        span = next((item for item in spans if item.start < word.end and word.start < item.end), None)
        prefix = "I" if span is not None and span is before else "B"
        labels.append(0 if span is None else PII_LABELS.index(f"{prefix}-{span.kind}"))
        before = span
    return labels


def flag_labels(found: Sequence[Word], spans: Sequence[Span]) -> list[int]:
    return [int(any(item.start < word.end and word.start < item.end for item in spans)) for word in found]

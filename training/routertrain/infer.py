"""Reads a bundle and classifies with it: the reference for what the engine does. Needs onnxruntime, tokenizers and numpy only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from routertrain.decode import Tag, decode_bio, without_marks
from routertrain.normalise import normalise, readings, with_line_marks
from routertrain.tokens import Word, padded, words

Floats = NDArray[np.float32]
PAIR_TOKENS_MAX = 512
SPECIAL_TOKENS = 2
BATCH_TOKENS_MAX = 4096


@dataclass(frozen=True)
class Window:
    """One pass through the graph: its tokens and the text that it belongs to."""

    text: int
    encoding: Encoding


class Bundle:
    """Everything is deterministic, and no row depends on its neighbours in a batch."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        described = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
        self._window, self._overlap = described["windows"]["tokens"], described["windows"]["overlap"]
        self.heads: dict[str, dict[str, Any]] = {head["name"]: head for head in described["heads"]}

    def embeddings(self, texts: Sequence[str]) -> Floats:
        """Unit vectors [texts, 384], each the mean over its windows."""
        windows = self._windows([normalise(text) for text in texts])
        outputs = self._run(windows, ["embedding"])["embedding"]
        means = np.stack([np.stack([outputs[index] for index in group]).mean(axis=0) for group in _by_text(windows, len(texts))])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def classify(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Probabilities [texts, classes] per head."""
        windows = self._windows([normalise(text) for text in texts])
        return self._pooled(windows, len(texts), names)

    def classify_pairs(self, pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> dict[str, Floats]:
        windows = [Window(index, self._pair(*pair)) for index, pair in enumerate(pairs)]
        return self._pooled(windows, len(pairs), names)

    def threat(self, texts: Sequence[str], name: str = "jailbreak") -> Floats:
        """The highest probability of the positive labels over all readings of each text."""
        found = [readings(text) for text in texts]
        flat = [reading for item in found for reading in item]
        positive = [self.heads[name]["labels"].index(label) for label in self.heads[name]["positive_labels"]]
        scores = self._pooled(self._windows(flat), len(flat), [name])[name][:, positive].sum(axis=1)
        ends = np.cumsum([len(item) for item in found])
        return np.array([part.max() for part in np.split(scores, ends[:-1])], dtype=np.float32)

    def tags(self, texts: Sequence[str], name: str = "pii") -> list[list[Tag]]:
        """Spans of each text; its windows' spans are joined, and of two that overlap the more certain stays. Unlikely ones are dropped.
        A mark of a line's end belongs to no span that it begins or ends."""
        marked = [with_line_marks(text) for text in texts]
        windows = self._windows(marked)
        outputs = self._run(windows, [name])[name]
        found: list[list[Tag]] = [[] for _ in texts]
        for window, scores in zip(windows, outputs, strict=True):
            tags = decode_bio(words(window.encoding, 0), scores, self.heads[name]["labels"])
            found[window.text] += [tag for tag in tags if tag.score >= self.heads[name]["threshold"]["value"]]
        return [_without_overlap(without_marks(tags, text)) for tags, text in zip(found, marked, strict=True)]

    def flagged(self, pairs: Sequence[tuple[str, str]], name: str = "hallucination") -> list[list[tuple[Word, float]]]:
        """The words of each second text with the probability that the first text does not support them."""
        windows = [Window(index, self._pair(*pair)) for index, pair in enumerate(pairs)]
        temperature = self.heads[name]["temperature"]
        found = []
        for window, scores in zip(windows, self._run(windows, [name])[name], strict=True):
            chances = softmax(scores / temperature)[:, 1]
            answer = words(window.encoding, 1)
            found.append([(word, float(chances[word.first : word.last + 1].mean())) for word in answer])
        return found

    def _pooled(self, windows: Sequence[Window], count: int, names: Sequence[str]) -> dict[str, Floats]:
        outputs = self._run(windows, names)
        pooled = {}
        for name in names:
            chances = softmax(np.stack(outputs[name]) / self.heads[name]["temperature"])
            pooled[name] = np.stack([self._join(name, chances[group]) for group in _by_text(windows, count)])
        return pooled

    def _join(self, name: str, chances: Floats) -> Floats:
        """`max`: the window that is surest of a positive label; `mean`: the mean of the probabilities."""
        head = self.heads[name]
        if head["pool"] == "mean":
            return np.asarray(chances.mean(axis=0))
        positive = [head["labels"].index(label) for label in head["positive_labels"]]
        return np.asarray(chances[chances[:, positive].sum(axis=1).argmax()])

    def _pair(self, first: str, second: str) -> Encoding:
        """Where both are too long together, the first loses its end."""
        self._tokenizer.no_truncation()
        room = PAIR_TOKENS_MAX - len(self._tokenizer.encode(second, add_special_tokens=False).ids) - SPECIAL_TOKENS - 1
        head = self._tokenizer.encode(first, add_special_tokens=False)
        if len(head.ids) > room:
            first = first[: head.offsets[max(room - 1, 0)][1]]
        self._tokenizer.enable_truncation(PAIR_TOKENS_MAX)
        return self._tokenizer.encode(first, second)

    def _windows(self, texts: Sequence[str]) -> list[Window]:
        self._tokenizer.enable_truncation(self._window, stride=self._overlap)
        windows = []
        for index, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            windows += [Window(index, part) for part in (encoding, *encoding.overflowing)]
        return windows

    def _run(self, windows: Sequence[Window], names: Sequence[str]) -> dict[str, list[Any]]:
        """Runs windows of like length together; returns the outputs in the order of the windows, without padding."""
        order = sorted(range(len(windows)), key=lambda index: len(windows[index].encoding.ids))
        outputs: dict[str, list[Any]] = {name: [None] * len(windows) for name in names}
        while order:
            width = len(windows[order[0]].encoding.ids)
            take = max(1, BATCH_TOKENS_MAX // (width + 8))
            picked = [index for index in order[:take] if len(windows[index].encoding.ids) <= width + 8]
            order = order[len(picked) :]
            encodings = [windows[index].encoding for index in picked]
            feed = padded(encodings, len(picked), max(len(item.ids) for item in encodings))
            for name, batch in zip(names, self._session.run(list(names), feed), strict=True):
                for index, value in zip(picked, batch, strict=True):
                    outputs[name][index] = value[: len(windows[index].encoding.ids)] if value.ndim == 2 else value
        return outputs


def softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def _by_text(windows: Sequence[Window], count: int) -> list[list[int]]:
    groups: list[list[int]] = [[] for _ in range(count)]
    for index, window in enumerate(windows):
        groups[window.text].append(index)
    return groups


def _without_overlap(tags: list[Tag]) -> list[Tag]:
    kept: list[Tag] = []
    for tag in sorted(tags, key=lambda item: -item.score):
        if all(tag.end <= other.start or other.end <= tag.start for other in kept):
            kept.append(tag)
    return sorted(kept, key=lambda item: item.start)

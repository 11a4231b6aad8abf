"""One labelled text for any number of heads, and the split of the training part into fit and held-back rows."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from routertrain.heads import head

HELD_BACK_PERCENT = 10
HELD_BACK_HARMLESS_PERCENT = 20
"""Of the guard's harmless rows, as the highest one in a hundred of them sets its threshold."""


@dataclass(frozen=True)
class Span:
    """Characters [start, end) of the labelled text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Example:
    """`labels` holds a distribution per sequence head; `spans` a list per token head, over `pair` where there is one. `plain` is the
    text of which this one is a disguised copy, where the head is to tell the same topic of both as surely.
    `is_left_out`: its whole family is kept out of training."""

    text: str
    key: str
    source: str
    pair: str | None = None
    labels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    keeps_embedding: bool = False
    plain: str | None = None
    is_left_out: bool = False

    @property
    def is_held_back(self) -> bool:
        """Rows of one key stay together, so that variants of a held-back row are held back too. What is left out is held back whole."""
        if self.is_left_out:
            return True
        digest = hashlib.sha256(f"held-back:{self.key}".encode()).digest()
        is_harmless = self.labels.get("jailbreak") == one_hot("jailbreak", "benign")["jailbreak"]
        return int.from_bytes(digest[:4], "big") % 100 < (HELD_BACK_HARMLESS_PERCENT if is_harmless else HELD_BACK_PERCENT)


def one_hot(name: str, label: str) -> dict[str, tuple[float, ...]]:
    labels = head(name).labels
    if label not in labels:
        raise ValueError(f"label {label!r} of head {name} is not one of {', '.join(labels)}")
    return {name: tuple(float(item == label) for item in labels)}


def read_rows(data: Path, pack: str, part: str) -> list[dict[str, Any]]:
    with gzip.open(data / pack / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]

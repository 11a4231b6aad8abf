"""Threats amid harmless texts that fill a window, and windows of harmless texts alone: each part of a text is to be read for itself."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from routertrain.pack_data import grounded_examples, jailbreak_examples
from routertrain.perturb import read_wording
from routertrain.records import Example

COPIES = 2
"""Of each threat; the harmless windows are as many as those with a threat."""
CORE_TOKENS_MAX = 150
PIECE_TOKENS_MAX = 60
ROOM_TOKENS = (96, 264)
"""The sizes of the windows; `_size` may be a few tokens short, and an end that is cut has lost what its label speaks of."""
JOINS = (" ", " ", "\n", "\n\n")
SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
WORD_OR_MARK = re.compile(r"\w+|[^\w\s]")
LETTERS_PER_TOKEN = 6


def filled_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    rows = [row for row in jailbreak_examples(data, "train") if _size(row.text) <= CORE_TOKENS_MAX]
    threats = [row for row in rows if row.labels["jailbreak"][1] > 0]
    benign = [row for row in rows if row.labels["jailbreak"][1] == 0]
    cores = threats * COPIES + chance.choices(benign, k=len(threats) * COPIES)
    pools = {is_held: _pools(data, own, benign, is_held, seed) for is_held in (False, True)}
    return [Example(_amid(row.text, pools[row.is_held_back], chance), row.key, f"{row.source}+filled", labels=row.labels) for row in cores]


def _pools(data: Path, own: Path, benign: Sequence[Example], is_held: bool, seed: int) -> list[list[str]]:
    """Harmless requests, sentences of prose, and small talk; what is held back stays among what is held back."""
    prose = [row for row in grounded_examples(data, "train", with_question=0.0, seed=seed) if row.is_held_back == is_held]
    sentences = sorted({sentence for row in prose for sentence in SENTENCE_END.split(row.text)})
    requests = [row.text for row in benign if row.is_held_back == is_held]
    return [[text for text in pool if 0 < _size(text) <= PIECE_TOKENS_MAX] for pool in (requests, sentences, read_wording(own).padding)]


def _amid(core: str, pools: Sequence[Sequence[str]], chance: random.Random) -> str:
    """The text in front of, behind or between harmless ones of one kind, or one harmless text said over and over."""
    pool = chance.choice(pools)
    pieces: list[str] = []
    left = chance.randint(*ROOM_TOKENS) - _size(core)
    repeated = [chance.choice(pool)] if chance.random() < 1 / len(pools) else pool
    while left >= 0:
        pieces.append(chance.choice(repeated))
        left -= _size(pieces[-1])
    pieces = pieces[:-1]
    at = chance.choice([0, len(pieces), chance.randint(0, len(pieces))])
    return chance.choice(JOINS).join([*pieces[:at], core, *pieces[at:]])


def _size(text: str) -> int:
    """About how many tokens a text has, rather too many than too few."""
    return sum(-(-len(word) // LETTERS_PER_TOKEN) for word in WORD_OR_MARK.findall(text))

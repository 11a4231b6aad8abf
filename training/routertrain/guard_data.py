"""Own threats and harmless texts that look like threats, in families. Some families are left out of training: they tell how the guard
does on what it has never seen, and its threshold is chosen on them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from routertrain.records import Example, one_hot

SOURCE = "own-guard"
"""The source of a row is this, a slash and its family."""
ORDERS_PER_TEMPLATE = 5
FRAMES_PER_REQUEST = 2
THINGS_PER_TEMPLATE = 4


def guard_phrases(own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    phrases = json.loads((own / "guard_phrases.json").read_text(encoding="utf-8"))
    left_out = set(phrases["left_out"])
    rows = []
    found = [
        *_injections(phrases, chance),
        *_requests(phrases, "requests", "jailbreak", chance),
        *_requests(phrases, "harmless_requests", "benign", chance),
        *_harmless(phrases, chance),
    ]
    for label, family, key, text in found:
        source = f"{SOURCE}/{family}"
        rows.append(Example(text, key, source, labels=one_hot("jailbreak", label), is_left_out=family in left_out))
    return rows


def is_own(row: Example) -> bool:
    return row.source.startswith(SOURCE)


def family(row: Example) -> str:
    return row.source.partition("/")[2].partition("+")[0]


Found = tuple[str, str, str, str]
"""Label, family, key and text."""


def _injections(phrases: dict[str, Any], chance: random.Random) -> Iterator[Found]:
    for name, group in phrases["injections"].items():
        for template in group["templates"]:
            for text in _filled(template, phrases["orders"], ORDERS_PER_TEMPLATE, chance):
                yield "jailbreak", name, template, text


def _requests(phrases: dict[str, Any], part: str, label: str, chance: random.Random) -> Iterator[Found]:
    """Harmful and harmless ones stand in the same frames, so that the frame tells nothing."""
    for name, group in phrases[part].items():
        for kind, asked in group.items():
            for request in asked:
                for frame in chance.sample(phrases["frames"][kind], FRAMES_PER_REQUEST):
                    yield label, name, request, frame.replace("{x}", request)


def _harmless(phrases: dict[str, Any], chance: random.Random) -> Iterator[Found]:
    for name, group in phrases["harmless"].items():
        for template in group["templates"]:
            for text in _filled(template, group["things"], THINGS_PER_TEMPLATE, chance):
                yield "benign", name, template, text


def _filled(template: str, things: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """The template with some of the things, or by itself where it has no place for one."""
    return [template.replace("{x}", thing) for thing in chance.sample(things, count)] if "{x}" in template else [template]

"""Own threats and harmless texts that look like threats, in families. Some families are left out of training: they tell how the guard
does on what it has never seen, and its threshold is chosen on them. Rows in other languages come from the same kinds of templates; each has
harmless rows in the same frames, so that a language by itself tells nothing."""

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
FOREIGN_ORDERS_PER_TEMPLATE = 3
FOREIGN_FRAMES_PER_REQUEST = 3
"""One more: the trunk was trained on English, so each of a language's words is to be seen in more places."""
FOREIGN = "foreign-"
"""In front of the family of a row in another language."""
THINGS_PER_TEMPLATE = 4


def guard_phrases(own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    phrases = json.loads((own / "guard_phrases.json").read_text(encoding="utf-8"))
    foreign = json.loads((own / "guard_foreign.json").read_text(encoding="utf-8"))
    left_out = {*phrases["left_out"], *foreign["left_out"]}
    found = _of_language(phrases, ORDERS_PER_TEMPLATE, FRAMES_PER_REQUEST, chance)
    for language in foreign["languages"].values():
        rows = _of_language(language, FOREIGN_ORDERS_PER_TEMPLATE, FOREIGN_FRAMES_PER_REQUEST, chance)
        found += [(label, FOREIGN + name, key, text) for label, name, key, text in rows]
    return [
        Example(text, key, f"{SOURCE}/{name}", labels=one_hot("jailbreak", label), is_left_out=name in left_out)
        for label, name, key, text in found
    ]


def is_own(row: Example) -> bool:
    return row.source.startswith(SOURCE)


def family(row: Example) -> str:
    return row.source.partition("/")[2].partition("+")[0]


Found = tuple[str, str, str, str]
"""Label, family, key and text."""


def _of_language(phrases: dict[str, Any], orders: int, frames: int, chance: random.Random) -> list[Found]:
    return [
        *_injections(phrases, orders, chance),
        *_requests(phrases, "requests", "jailbreak", frames, chance),
        *_requests(phrases, "harmless_requests", "benign", frames, chance),
        *_harmless(phrases, chance),
    ]


def _injections(phrases: dict[str, Any], orders: int, chance: random.Random) -> Iterator[Found]:
    for name, group in phrases["injections"].items():
        for template in group["templates"]:
            for text in _filled(template, phrases["orders"], orders, chance):
                yield "jailbreak", name, template, text


def _requests(phrases: dict[str, Any], part: str, label: str, frames: int, chance: random.Random) -> Iterator[Found]:
    """Harmful and harmless ones stand in the same frames, so that the frame tells nothing."""
    for name, group in phrases[part].items():
        for kind, asked in group.items():
            for request in asked:
                for frame in chance.sample(phrases["frames"][kind], frames):
                    yield label, name, request, frame.replace("{x}", request)


def _harmless(phrases: dict[str, Any], chance: random.Random) -> Iterator[Found]:
    for name, group in phrases["harmless"].items():
        for template in group["templates"]:
            for text in _filled(template, group.get("things", ()), THINGS_PER_TEMPLATE, chance):
                yield "benign", name, template, text


def _filled(template: str, things: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """The template with some of the things, or by itself where it has no place for one."""
    return [template.replace("{x}", thing) for thing in chance.sample(things, count)] if "{x}" in template else [template]

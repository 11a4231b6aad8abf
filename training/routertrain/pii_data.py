"""PII examples: the Presidio pack in one label scheme, its sentences refilled, and own templates filled with made-up values."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faker import Faker

from routertrain.pii_values import PiiValues, value_bank
from routertrain.records import Example, Span, read_rows

SLOT = re.compile(r"\{(\w+)\}")
RENAMED = {"ADDRESS": "STREET_ADDRESS", "LOCATION": "GPE", "PREFIX": "TITLE"}
ZIP_ONLY = re.compile(r"(?=.*\d)[A-Z0-9]{2,5}[ -]?[A-Z0-9]{2,5}", re.IGNORECASE)
ADDRESS_PARTS = ("STREET_ADDRESS", "GPE", "ZIP_CODE")
OWN_ROWS = 11000
REFILLED_PER_ROW = 2.5
JOINED_SHARE = 0.25
LETTERHEAD_SHARE = 0.15
LINE_BREAKS = ("\n", "\n", "\n", "\n\n", "\n ", ", ")
HEADINGS = (
    "{PERSON}",
    "{PERSON}",
    "{ORGANIZATION}",
    "{ORGANIZATION}",
    "{TITLE}",
    "{TITLE} {PERSON}",
    "{PERSON}, {TITLE}",
    "{ORGANIZATION}, {GPE}",
)
ADDRESSES = (
    "{STREET_ADDRESS}",
    "{STREET_ADDRESS}~{GPE}",
    "{STREET_ADDRESS}~{GPE} {ZIP_CODE}",
    "{STREET_ADDRESS}~{GPE}~{GPE} {ZIP_CODE}",
    "{STREET_ADDRESS}~{ZIP_CODE} {GPE}",
    "{STREET_ADDRESS}, {GPE}~{ZIP_CODE}",
)
CONTACTS = (
    "{PHONE_NUMBER}",
    "{PHONE_NUMBER} {noun}",
    "{PHONE_NUMBER}-Home",
    "Tel. {PHONE_NUMBER}",
    "Work: {PHONE_NUMBER}",
    "T {PHONE_NUMBER} F {PHONE_NUMBER}",
    "{EMAIL_ADDRESS}",
    "E: {EMAIL_ADDRESS}",
    "{DOMAIN_NAME}",
    "Web: {DOMAIN_NAME}",
)
LOOK_ALIKES = ("number", "order", "version", "product", "noun", "time")


def presidio_examples(data: Path, part: str) -> list[Example]:
    rows = read_rows(data, "pii/presidio-synth", part)
    return [Example(row["text"], row["key"], row["set"], spans={"pii": one_scheme(row)}) for row in rows]


def one_scheme(row: dict[str, Any]) -> tuple[Span, ...]:
    """Both schemes of the pack in the names of the newer one.

    The older set calls a postcode an ADDRESS: one that is only a postcode and stands after `zip` or after a place is a ZIP_CODE here.
    Both sets give some address blocks as one span and others, alike, in parts: here a block is one span (`merge_adjacent`).
    """
    spans: list[Span] = []
    text = row["text"]
    for item in sorted(row["spans"], key=lambda span: span["start"]):
        kind = RENAMED.get(item["type"], item["type"])
        if item["type"] == "ADDRESS" and _is_zip(text, item, spans):
            kind = "ZIP_CODE"
        spans.append(Span(kind, item["start"], item["end"]))
    return merge_adjacent(text, spans)


def _is_zip(text: str, item: dict[str, Any], before: Sequence[Span]) -> bool:
    if ZIP_ONLY.fullmatch(text[item["start"] : item["end"]]) is None:
        return False
    follows_place = bool(before) and before[-1].kind == "GPE" and not text[before[-1].end : item["start"]].strip()
    return follows_place or "zip" in text[: item["start"]].lower()


def merge_adjacent(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Makes one STREET_ADDRESS of a street and the units, places and postcodes that follow it with no letter or digit between."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda item: item.start):
        last = merged[-1] if merged else None
        if last and last.kind == "STREET_ADDRESS" and span.kind in ADDRESS_PARTS and not _has_word(text[last.end : span.start]):
            merged[-1] = Span(last.kind, last.start, span.end)
        else:
            merged.append(span)
    return tuple(merged)


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


def synthetic_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    pack = [example for example in presidio_examples(data, "train") if not example.is_held_back]
    bank = value_bank([(span.kind, row.text[span.start : span.end]) for row in pack for span in row.spans["pii"]])
    filler = _Filler(PiiValues(seed, bank), chance, seed)
    rows = [filler.fill(*_as_template(row)) for row in pack for _ in range(_times(chance))]
    templates = _own_templates(own)
    for _ in range(int(OWN_ROWS * LETTERHEAD_SHARE)):
        head = _letterhead(chance)
        rows.append(filler.fill(head, head))
    for _ in range(int(OWN_ROWS * (1 - LETTERHEAD_SHARE))):
        parts = chance.sample(templates, 2 if chance.random() < JOINED_SHARE else 1)
        rows.append(filler.fill(chance.choice([". ", "\n", " "]).join(parts), parts[0]))
    return rows


def _times(chance: random.Random) -> int:
    return int(REFILLED_PER_ROW) + (chance.random() < REFILLED_PER_ROW % 1)


def _as_template(row: Example) -> tuple[str, str]:
    """The row's text with its spans as slots, and the key that keeps it on its side of the held-back split."""
    text, shift = row.text.replace("{", "(").replace("}", ")"), 0
    for span in row.spans["pii"]:
        slot = "{" + span.kind + "}"
        text = text[: span.start + shift] + slot + text[span.end + shift :]
        shift += len(slot) - (span.end - span.start)
    return text, row.key


def _own_templates(own: Path) -> list[str]:
    lines = (own / "pii_templates.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("# ")]


def _letterhead(chance: random.Random) -> str:
    """The lines of a visiting card or a letter's head: who, where and how to reach, in parts, without a word around them."""
    lines = chance.sample(HEADINGS, chance.randint(0, 2))
    lines += chance.sample(ADDRESSES, int(not lines or chance.random() < 0.8))
    lines += chance.sample(CONTACTS, chance.choice([0, 0, 1, 2, 3]))
    line_break = chance.choice(LINE_BREAKS)
    return line_break.join(lines).replace("~", chance.choice(["\n ", "\n", ", ", " ", line_break]))


class _Filler:
    def __init__(self, values: PiiValues, chance: random.Random, seed: int) -> None:
        self._values = values
        self._chance = chance
        self._words = Faker("en_US")
        self._words.seed_instance(seed)

    def fill(self, template: str, key: str) -> Example:
        text, spans, at = "", [], 0
        for slot in SLOT.finditer(template):
            text += template[at : slot.start()]
            kind = slot.group(1)
            value = self._look_alike(kind) if kind in LOOK_ALIKES else self._values.draw(kind)
            if kind not in LOOK_ALIKES:
                spans.append(Span(kind, len(text), len(text) + len(value)))
            text, at = text + value, slot.end()
        text += template[at:]
        return Example(text, key, "synthetic", spans={"pii": merge_adjacent(text, spans)})

    def _look_alike(self, kind: str) -> str:
        makers = {
            "number": lambda: str(
                self._chance.choice([self._chance.randint(2, 99), self._chance.randint(100, 99999), round(self._chance.random() * 900, 2)])
            ),
            "order": lambda: self._words.bothify(
                self._chance.choice(["??-####", "#######", "ORD######", "#-###-#####-#", "?#?#?##", "AB###"])
            ),
            "version": lambda: ".".join(str(self._chance.randint(0, 30)) for _ in range(3)),
            "product": lambda: (
                f"{self._words.word()} {self._chance.choice(['X', 'Pro', 'S', 'Mini', 'Max'])} {self._chance.randint(2, 2030)}"
            ),
            "noun": self._words.word,
            "time": lambda: f"{self._chance.randint(0, 23):02d}:{self._chance.randint(0, 59):02d}:{self._chance.randint(0, 59):02d}",
        }
        return str(makers[kind]())

"""More feedback and modality examples, made of own phrases in three languages, and fact-check examples in English and Chinese."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from routertrain.records import Example, one_hot, read_rows

OPENERS_PER_CORE = 5
SUBJECTS_PER_TEMPLATE = 4
BOTH_PER_LANGUAGE = {"en": 280, "zh": 140, "es": 170}
THINGS_PER_TEMPLATE = 6
ENDINGS = ("", "", "", ".", "!", " please", "...")


def feedback_phrases(data: Path, own: Path, seed: int) -> list[Example]:
    """Own cores and the pack's cores behind new openers; a pack core keeps its key, so it stays on its side of the held-back split."""
    chance = random.Random(seed)
    phrases = json.loads((own / "feedback_phrases.json").read_text(encoding="utf-8"))
    cores = [
        (core, label, language) for label, languages in phrases["cores"].items() for language, found in languages.items() for core in found
    ]
    cores += sorted({(row["core"], row["label"], row["lang"]) for row in read_rows(data, "feedback", "train")})
    rows = []
    for core, label, language in cores:
        for opener in chance.sample(phrases["openers"][language], OPENERS_PER_CORE):
            text = _typed(opener + core, chance) if language != "zh" else opener + core
            rows.append(Example(text, core, language, labels=one_hot("user_feedback", label)))
    return rows


def _typed(text: str, chance: random.Random) -> str:
    text = text[0].upper() + text[1:] if chance.random() < 0.5 else text
    return text + chance.choice(ENDINGS) if text[-1].isascii() and text[-1].isalnum() else text


def modality_phrases(own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    phrases = json.loads((own / "modality_templates.json").read_text(encoding="utf-8"))
    rows = []
    for label in ("AR", "DIFFUSION"):
        for language, templates in phrases[label].items():
            for template in templates:
                for subject in chance.sample(phrases["subjects"][language], SUBJECTS_PER_TEMPLATE):
                    rows.append(_modality(template, subject, label, language))
    return rows + _both(phrases, chance)


def _both(phrases: dict[str, Any], chance: random.Random) -> list[Example]:
    rows = []
    for language, count in BOTH_PER_LANGUAGE.items():
        for _ in range(count):
            template = chance.choice(phrases["heads"][language]) + chance.choice(phrases["tails"][language])
            rows.append(_modality(template, chance.choice(phrases["subjects"][language]), "BOTH", language))
    return rows


def _modality(template: str, subject: str, label: str, language: str) -> Example:
    return Example(template.replace("{s}", subject), template, language, labels=one_hot("modality", label))


def fact_check_phrases(own: Path, seed: int) -> list[Example]:
    """What people ask beside trivia: code, texts of their own, sums and plans need no check; short questions of fact do."""
    chance = random.Random(seed)
    phrases = json.loads((own / "fact_check_phrases.json").read_text(encoding="utf-8"))
    rows = []
    for label, groups in phrases.items():
        for group in groups.values():
            for template in group["templates"]:
                for thing in chance.sample(group["things"], THINGS_PER_TEMPLATE):
                    text = _typed(template.replace("{x}", thing), chance)
                    rows.append(Example(text, template, "own", labels=one_hot("fact_check", label)))
    return rows

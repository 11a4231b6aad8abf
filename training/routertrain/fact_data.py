"""Short made-up contexts with answers that copy, reword, change or add a fact: what a checker of answers has to tell apart."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from faker import Faker

from routertrain.records import Example, Span, one_hot

SLOT = re.compile(r"\{(\w+)\}")
WORD = re.compile(r"\w+")
DRAWS_MAX = 200
ROWS = 2000
FACTS_MAX = 5
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEADS = ("", "", "", "", "According to the text, ", "Yes. ", "Short answer: ", "As stated, ")
OUTCOMES = ("copied", "reworded", "changed", "changed", "added")
NLI_OF_OUTCOME = {"copied": "entailment", "reworded": "entailment", "changed": "contradiction", "added": "neutral"}
SOURCES = tuple(f"facts/{outcome}" for outcome in OUTCOMES)


@dataclass(frozen=True)
class _Fact:
    """Two wordings of one statement and a value for each of their slots."""

    wordings: Sequence[str]
    values: dict[str, str]

    def filled(self, wording: int, **other: str) -> str:
        values = {**self.values, **other}
        return SLOT.sub(lambda slot: values[slot.group(1)], self.wordings[wording])


def fact_examples(own: Path, seed: int) -> list[Example]:
    """Pairs of a context and one sentence; the key is the sentence's template, so that held-back sentences are new."""
    templates: list[list[str]] = json.loads((own / "fact_templates.json").read_text(encoding="utf-8"))
    chance = random.Random(seed)
    makers = _makers(chance, seed)
    return [_example(templates, chance, makers) for _ in range(ROWS)]


def _example(templates: list[list[str]], chance: random.Random, makers: dict[str, Callable[[], str]]) -> Example:
    start = chance.randrange(len(templates))
    picked = [templates[(start + step) % len(templates)] for step in range(chance.randint(1, FACTS_MAX) + 1)]
    shared = {kind: make() for kind, make in makers.items() if kind in ("name", "person", "thing")}
    facts = [_Fact(wordings, {kind: shared.get(kind) or make() for kind, make in makers.items()}) for wordings in picked]
    context = " ".join(fact.filled(0) for fact in facts[1:])
    outcome, lead = chance.choice(OUTCOMES), chance.choice(LEADS)
    told = facts[0] if outcome == "added" else chance.choice(facts[1:])
    wording = {"copied": 0, "reworded": 1}.get(outcome, chance.randrange(2))
    if outcome == "changed":
        sentence, unsupported = _changed(told, wording, context, chance, makers)
    else:
        sentence = told.filled(wording)
        unsupported = [Span("unsupported", 0, len(sentence) - 1)] if outcome == "added" else []
    spans = tuple(Span(span.kind, len(lead) + span.start, len(lead) + span.end) for span in unsupported)
    labels = one_hot("nli", NLI_OF_OUTCOME[outcome])
    return Example(context, told.wordings[0], f"facts/{outcome}", lead + sentence, labels, {"hallucination": spans})


def _changed(
    told: _Fact, wording: int, context: str, chance: random.Random, makers: dict[str, Callable[[], str]]
) -> tuple[str, list[Span]]:
    """The sentence with one value replaced by one that the context does not hold, and where that stands."""
    kind = chance.choice(SLOT.findall(told.wordings[wording]))
    known = set(WORD.findall(context))
    drawn = (makers[kind]() for _ in range(DRAWS_MAX))
    other = next((value for value in drawn if not known.issuperset(WORD.findall(value))), None)
    if other is None:
        raise ValueError(f"no value of {kind} that the context does not hold in {DRAWS_MAX} draws")
    before = told.wordings[wording].split("{" + kind + "}")[0]
    start = len(_Fact([before], told.values).filled(0))
    return told.filled(wording, **{kind: other}), [Span("unsupported", start, start + len(other))]


def _makers(chance: random.Random, seed: int) -> dict[str, Callable[[], str]]:
    faker = Faker(["en_US", "de_DE", "es_ES", "pl_PL", "en_IN"])
    faker.seed_instance(seed)

    def number() -> str:
        value = chance.choice([chance.randint(3, 99), chance.randint(100, 999), chance.randint(1000, 99999)])
        return f"{value:,}" if chance.random() < 0.5 else str(value)

    return {
        "name": lambda: str(faker.last_name()) if chance.random() < 0.5 else f"{faker.last_name()} {faker.word()}".title(),
        "person": lambda: str(faker.name()) if chance.random() < 0.5 else f"{faker.first_name()} {faker.last_name()}",
        "place": lambda: str(faker.city()),
        "year": lambda: str(chance.randint(1750, 2025)),
        "number": number,
        "digit": lambda: str(chance.randint(2, 9)),
        "thing": lambda: str(faker["en_US"].word()),
        "day": lambda: chance.choice(DAYS),
        "time": lambda: f"{chance.randint(0, 23)}:{chance.randint(0, 59):02d}",
    }

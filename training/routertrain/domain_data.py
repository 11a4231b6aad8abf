"""Domain examples: exam questions of two packs, chat-style variants of them, short questions, and disguised copies of all."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from routertrain.heads import DOMAINS
from routertrain.perturb import DISGUISES, read_wording
from routertrain.records import Example, one_hot, read_rows

OPENERS = (
    "can you explain {}",
    "please help me with {}",
    "what is {} about",
    "I need to understand {}",
    "tell me about {}",
    "help me with my homework on {}",
    "how would you explain {} to a beginner",
    "question about {}",
    "give me a short summary of {}",
    "what should I know about {}",
    "I don't get {}",
    "why does {} matter",
    "hi, quick question: {}",
    "how does {} work",
    "what are good examples of {}",
    "write a paragraph on {}",
    "so what's the deal with {}?",
    "any tips on {}?",
    "quiz me on {}",
    "could you go over {} again",
    "where do I start with {}",
    "I have a test on {} tomorrow",
    "{} in simple words",
    "someone mentioned {}, what do they mean",
    "my notes on {} are a mess, can you help",
    "what are the main ideas behind {}",
    "what goes wrong most often with {}",
    "need some help with {} asap",
    "hey, do you know anything about {}",
    "{} - is there a short answer?",
    "give me three facts on {}",
    "walk me through {}",
)
FRAMES = ("{}", "{}?", "hi, {}?", "hey {}", "{}, in short", "{} thanks", "quick one: {}?", "I was wondering, {}?", "{} pls", "ok so {}")
"""Around whole questions as people type them."""
SHORT_WORDS_MAX = 24
OPENERS_PER_TOPIC = 4
FRAMES_PER_QUESTION = 2
VARIANT_SHARE = 0.3
COPIES = 2
DISGUISED_SHARE = 0.6
DISGUISED_CHARACTERS_MAX = 400
"""Copies of longer questions would take much of the time of training."""
TRAINED_DISGUISES = ("three-words", "three-words", "three-words", "paraphrase", "paraphrase", "paraphrase", "suffix", "suffix")
TRAINED_DISGUISES += ("padding", "padding")
OTHER_CHAT_ROWS = 250


def domain_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    questions = _questions(data)
    rows = [_example(text, domain, text, "exam") for text, domain in questions]
    rows += [_example(_as_chat(text, chance), domain, text, "exam-chat") for text, domain in questions if chance.random() < VARIANT_SHARE]
    rows += [*_topics(own, chance), *_typed_questions(own, chance), *_other_chat(data, chance)]
    return rows + _disguised(rows, own, chance)


def _disguised(rows: list[Example], own: Path, chance: random.Random) -> list[Example]:
    """Copies of some questions, so that harmless words around a question do not change its topic."""
    words = read_wording(own)
    copies = []
    for row in rows:
        for _ in range(COPIES if len(row.text) <= DISGUISED_CHARACTERS_MAX else 0):
            if chance.random() >= DISGUISED_SHARE:
                continue
            name = chance.choice(TRAINED_DISGUISES)
            text, source = DISGUISES[name](row.text, words, chance), f"{row.source}+{name}"
            copies.append(replace(row, text=text, source=source, plain=row.text))
    return copies


def _questions(data: Path) -> list[tuple[str, str]]:
    """Questions without options; MMLU subjects get the domain that MMLU-Pro's own rows of that subject mostly have."""
    pro = read_rows(data, "routing/mmlu-pro", "train")
    found = {_plain(row["question"]): (row["question"].strip(), row["category"]) for row in pro}
    domain_of = _subject_domains(pro)
    for row in read_rows(data, "routing/routellm-mmlu", "train"):
        domain = domain_of.get(row["subject"])
        if domain is not None:
            found.setdefault(_plain(row["stem"]), (row["stem"].strip(), domain))
    return list(found.values())


def _subject_domains(pro: list[dict[str, Any]]) -> dict[str, str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in pro:
        if row["src"].startswith("ori_mmlu-"):
            counts[row["src"].removeprefix("ori_mmlu-")][row["category"]] += 1
    return {subject: found.most_common(1)[0][0] for subject, found in counts.items()}


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _as_chat(text: str, chance: random.Random) -> str:
    """The question as someone would type it: a part of it, lower case, perhaps with an opener and without punctuation."""
    sentences = [part for part in re.split(r"(?<=[.?!])\s+", text) if len(part.split()) > 3] or [text]
    picked = chance.choice([sentences[0], sentences[-1], max(sentences, key=len)])
    short = " ".join(picked.split()[:SHORT_WORDS_MAX]).rstrip(" .?!:")
    short = short.lower() if chance.random() < 0.6 else short
    if chance.random() < 0.4:
        short = chance.choice(OPENERS).format(short)
    return short + chance.choice(["", "?", "", "?", " thanks", " please"])


def _topics(own: Path, chance: random.Random) -> list[Example]:
    topics: dict[str, list[str]] = json.loads((own / "domain_topics.json").read_text(encoding="utf-8"))
    rows = []
    for domain, phrases in topics.items():
        for phrase in phrases:
            for opener in chance.sample(OPENERS, OPENERS_PER_TOPIC):
                rows.append(_example(opener.format(phrase), domain, phrase, "topic"))
    return rows


def _typed_questions(own: Path, chance: random.Random) -> list[Example]:
    questions: dict[str, list[str]] = json.loads((own / "domain_questions.json").read_text(encoding="utf-8"))
    return [
        _example(frame.format(text), domain, text, "typed")
        for domain, texts in questions.items()
        for text in texts
        for frame in chance.sample(FRAMES, FRAMES_PER_QUESTION)
    ]


def _other_chat(data: Path, chance: random.Random) -> list[Example]:
    """Everyday requests belong to no field of study."""
    utterances = [row["text"] for row in read_rows(data, "intent/clinc150", "train")]
    return [_example(text, "other", text, "chit-chat") for text in chance.sample(utterances, OTHER_CHAT_ROWS)]


def _example(text: str, domain: str, key: str, source: str) -> Example:
    assert domain in DOMAINS, domain
    return Example(text=text, key=key, source=source, labels=one_hot("domain", domain))

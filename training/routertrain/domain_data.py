"""Domain examples: exam questions of two packs, chat-style variants of them, and short questions about listed topics."""

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
)
SHORT_WORDS_MAX = 24
VARIANT_SHARE = 0.3
DISGUISED_SHARE = 0.2
TRAINED_DISGUISES = ("padding", "padding", "paraphrase", "leetspeak", "leetspeak", "suffix", "three-words")
OTHER_CHAT_ROWS = 250


def domain_examples(data: Path, own: Path, seed: int) -> list[Example]:
    chance = random.Random(seed)
    questions = _questions(data)
    rows = [_example(text, domain, text, "exam") for text, domain in questions]
    rows += [_example(_as_chat(text, chance), domain, text, "exam-chat") for text, domain in questions if chance.random() < VARIANT_SHARE]
    rows += _topics(own, chance)
    return rows + _disguised([row for row in rows if row.source != "exam"], own, chance) + _other_chat(data, chance)


def _disguised(rows: list[Example], own: Path, chance: random.Random) -> list[Example]:
    """Copies of some short questions, so that harmless words around a question and odd letters in it do not change its topic."""
    words = read_wording(own, "train")
    copies = []
    for row in rows:
        if chance.random() < DISGUISED_SHARE:
            name = chance.choice(TRAINED_DISGUISES)
            copies.append(replace(row, text=DISGUISES[name](row.text, words, chance), source=f"{row.source}+{name}", keeps_embedding=False))
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
            for opener in chance.sample(OPENERS, 4):
                rows.append(_example(opener.format(phrase), domain, phrase, "topic"))
    return rows


def _other_chat(data: Path, chance: random.Random) -> list[Example]:
    """Everyday requests belong to no field of study."""
    utterances = [row["text"] for row in read_rows(data, "intent/clinc150", "train")]
    return [_example(text, "other", text, "chit-chat") for text in chance.sample(utterances, OTHER_CHAT_ROWS)]


def _example(text: str, domain: str, key: str, source: str) -> Example:
    assert domain in DOMAINS, domain
    return Example(text=text, key=key, source=source, labels=one_hot("domain", domain))

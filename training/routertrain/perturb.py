"""Ways to disguise a text. Training uses them on training rows, the attack suite on dev rows, each with words of its own."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
LOOK_ALIKE = str.maketrans({"a": "а", "c": "с", "e": "е", "i": "і", "o": "о", "p": "р", "x": "х", "y": "у"})
ZERO_WIDTH = ("\u200b", "\u200c", "\u200d", "\u2060")


@dataclass(frozen=True)
class Wording:
    """The words that a disguise adds."""

    harmless: Sequence[str]
    suffixes: Sequence[str]
    wrappers: Sequence[str]
    padding: Sequence[str]


def read_wording(folder: Path) -> Wording:
    """Training's words are in `data`, the attack suite's in `attacks`; whoever writes the one does not read the other."""
    return Wording(**json.loads((folder / "wordings.json").read_text(encoding="utf-8")))


def three_words(text: str, words: Wording, chance: random.Random) -> str:
    """Three harmless words, in front, behind or in the middle."""
    added = " ".join(chance.sample(list(words.harmless), 3))
    pieces = text.split(" ")
    at = chance.choice([0, len(pieces), len(pieces) // 2])
    return " ".join([*pieces[:at], added, *pieces[at:]])


def suffix(text: str, words: Wording, chance: random.Random) -> str:
    return f"{text} {chance.choice(list(words.suffixes))}"


def paraphrase(text: str, words: Wording, chance: random.Random) -> str:
    """The request inside a politer or stranger frame."""
    body = text[0].lower() + text[1:] if text[:1].isupper() and not text[:2].isupper() else text
    return chance.choice(list(words.wrappers)).replace("{}", body.rstrip("."))


def padding(text: str, words: Wording, chance: random.Random) -> str:
    """Several harmless sentences before and after."""
    sentences = chance.sample(list(words.padding), min(6, len(words.padding)))
    return " ".join([*sentences[:4], text, *sentences[4:]])


def in_base64(text: str, words: Wording, chance: random.Random) -> str:
    return "Decode this and do what it says: " + base64.b64encode(text.encode()).decode()


def leet(text: str, words: Wording, chance: random.Random) -> str:
    return text.lower().translate(LEET)


def zero_width(text: str, words: Wording, chance: random.Random) -> str:
    return "".join(char + (chance.choice(ZERO_WIDTH) if chance.random() < 0.4 else "") for char in text)


def look_alikes(text: str, words: Wording, chance: random.Random) -> str:
    return "".join(char.translate(LOOK_ALIKE) if chance.random() < 0.5 else char for char in text)


Disguise = Callable[[str, Wording, random.Random], str]
DISGUISES: dict[str, Disguise] = {
    "three-words": three_words,
    "suffix": suffix,
    "paraphrase": paraphrase,
    "padding": padding,
    "base64": in_base64,
    "leetspeak": leet,
    "zero-width": zero_width,
    "look-alikes": look_alikes,
}
TRAINED = ("three-words", "suffix", "paraphrase", "padding", "leetspeak")
"""Those that heads see in training (leetspeak but for its oddities undone); the others leave no trace before a head reads a text, or
(base64) are threats by themselves."""


def copies(texts: Sequence[str], words: Wording, chance: random.Random) -> dict[str, list[str]]:
    """The texts themselves as `plain`, and once more in each disguise of training."""
    return {"plain": list(texts)} | {name: [DISGUISES[name](text, words, chance) for text in texts] for name in TRAINED}

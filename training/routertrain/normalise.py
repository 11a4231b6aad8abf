"""What the engine does to a text before the tokenizer, and the extra readings of a text that the jailbreak head is given."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

REMOVED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
LOOK_ALIKES = str.maketrans(
    "аАсСеЕіІјЈоОрРѕЅхХуУкКмМтТвВнНһԁԛԝɡαΑеβΒεΕηΗιΙκΚμΜνΝοΟρΡτΤυΥχΧ",
    "aAcCeEiIjJoOpPsSxXyYkKmMtTbBhHhdqwgaAebBeEnHiIkKmMvNoOpPtTuYxX",
)
WORD = re.compile(r"[^\W\d_]+")
LATIN = re.compile("[A-Za-z]")
PLAIN_LETTERS = str.maketrans({"4": "a", "@": "a", "3": "e", "1": "i", "!": "i", "0": "o", "5": "s", "$": "s", "7": "t"})
LEET_WORD = re.compile(r"(?=\S*[A-Za-z])(?=\S*[013457@$])[A-Za-z013457@$!]{2,}")
LEET_WORDS_MIN = 2
BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def normalise(text: str) -> str:
    """NFKC, invisible characters removed, and Cyrillic or Greek look-alikes made Latin in words that hold a Latin letter."""
    folded = REMOVED.sub("", unicodedata.normalize("NFKC", text))
    return WORD.sub(_as_latin, folded)


def with_line_marks(text: str) -> str:
    """Every line break as a bar, which the tokenizer does not drop: the lines of an address or a form tell its parts. Offsets stay."""
    return text.replace("\n", "|")


def _as_latin(word: re.Match[str]) -> str:
    return word.group().translate(LOOK_ALIKES) if LATIN.search(word.group()) else word.group()


def readings(text: str) -> list[str]:
    """The normalised text, then what it says without leetspeak and inside base64; a threat in any of them counts."""
    plain = normalise(text)
    found = [plain]
    if len(LEET_WORD.findall(plain)) >= LEET_WORDS_MIN:
        found.append(LEET_WORD.sub(lambda word: word.group().translate(PLAIN_LETTERS), plain))
    decoded = [inner for run in BASE64_RUN.findall(plain) if (inner := _decoded(run)) is not None]
    return found + [normalise(inner) for inner in decoded]


def _decoded(run: str) -> str | None:
    """The UTF-8 text inside a base64 run, or nothing where there is none that can be printed."""
    padded = run.rstrip("=").replace("-", "+").replace("_", "/")
    padded += "=" * (-len(padded) % 4)
    try:
        inner = base64.b64decode(padded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return inner if inner.replace("\n", " ").isprintable() else None

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
LEET_TOKEN = re.compile(r"[A-Za-z0-9@$](?:[A-Za-z0-9@$!]*[A-Za-z0-9@$])?")
DIGIT_BETWEEN_LETTERS = re.compile(r"[A-Za-z][013457]+[A-Za-z]")
LETTER_AND_DIGIT = re.compile(r"(?=.*[A-Za-z])(?=.*[013457])")
OTHER_DIGIT = re.compile(r"[2689]")
LEET_WORD = re.compile(r"(?=\S*[A-Za-z])(?=\S*[013457@$])[A-Za-z013457@$!]{2,}")
LEET_WORDS_MIN = 2
LINE_MARK = "|"
BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def normalise(text: str) -> str:
    """NFKC, invisible characters removed, Cyrillic or Greek look-alikes made Latin in words that hold a Latin letter, and leetspeak undone
    where the text as a whole is written in it."""
    folded = REMOVED.sub("", unicodedata.normalize("NFKC", text))
    latin = WORD.sub(_as_latin, folded)
    return LEET_TOKEN.sub(_without_leet, latin) if _is_leet(latin) else latin


def _is_leet(text: str) -> bool:
    """Of the words of two characters and more a fifth, and at least two, hold a look-alike digit between letters; or one does, and six in
    ten, at least two, mix letters and such digits. Of 66,512 rows of training five do, each with an IPv6 address."""
    words = [word for word in LEET_TOKEN.findall(text) if len(word) > 1]
    between = sum(1 for word in words if DIGIT_BETWEEN_LETTERS.search(word))
    mixed = sum(1 for word in words if LETTER_AND_DIGIT.match(word))
    return (between >= 2 and 5 * between >= len(words)) or (between >= 1 and mixed >= 2 and 10 * mixed >= 6 * len(words))


def _without_leet(word: re.Match[str]) -> str:
    """Words of look-alike digits alone are words too ("7o" as well as "70"); a digit that stands for no letter makes it a number."""
    return word.group() if OTHER_DIGIT.search(word.group()) else word.group().translate(PLAIN_LETTERS)


def with_line_marks(text: str) -> str:
    """Every line break as a bar, which the tokenizer does not drop: the lines of an address or a form tell its parts. Offsets stay."""
    return text.replace("\n", LINE_MARK)


def _as_latin(word: re.Match[str]) -> str:
    return word.group().translate(LOOK_ALIKES) if LATIN.search(word.group()) else word.group()


def readings(text: str) -> list[str]:
    """The normalised text, then what it says without leetspeak in single words and inside base64; a threat in any of them counts."""
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

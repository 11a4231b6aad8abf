"""More characters for the tokenizer.

The word list of the trunk knows few Chinese characters; the others are all one unknown token. The common ones get ids of their own, so
that the wide part can tell them apart. For the trunk each is what it was: its row is a copy of the unknown token's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LEADING_BYTES = range(0xB0, 0xD8)
TRAILING_BYTES = range(0xA1, 0xFF)


def common_characters() -> list[str]:
    """The 3755 characters of GB 2312's first level, in its order."""
    pairs = (bytes([leading, trailing]) for leading in LEADING_BYTES for trailing in TRAILING_BYTES)
    return [found for found in (pair.decode("gb2312", errors="ignore") for pair in pairs) if found]


def extended_tokenizer(path: Path) -> dict[str, Any]:
    """The tokenizer with the missing characters at the end of its word list, and without the fixed cut and padding of the source."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    words = content["model"]["vocab"]
    for character in common_characters():
        words.setdefault(character, len(words))
    return {**content, "truncation": None, "padding": None}

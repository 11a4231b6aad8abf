"""Simple exact recognisers beside the PII head. The engine uses well-kept libraries for the same types."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from routertrain.decode import Tag

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"(?:https?://[^\s\"'<>]+|\bwww\.[\w-]+(?:\.[\w-]+)+/?)")
IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
SSN = re.compile(r"(?<!\d)(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?!\d)")


def exact_tags(text: str) -> list[Tag]:
    """Matches that also pass their checksum or range check."""
    found = [_tag("EMAIL_ADDRESS", match) for match in EMAIL.finditer(text)]
    found += [_tag("DOMAIN_NAME", match) for match in URL.finditer(text)]
    found += [_tag("IP_ADDRESS", match) for match in IPV4.finditer(text) if _is_ip(match.group())]
    found += [_tag("CREDIT_CARD", match) for match in CARD.finditer(text) if _luhn(match.group())]
    found += [_tag("IBAN_CODE", match) for match in IBAN.finditer(text) if _iban(match.group())]
    found += [_tag("US_SSN", match) for match in SSN.finditer(text)]
    return found


def joined(exact: Sequence[Tag], learned: Sequence[Tag]) -> list[Tag]:
    """An exact match wins over every learned span that it overlaps."""
    kept = [tag for tag in learned if all(tag.end <= other.start or other.end <= tag.start for other in exact)]
    return sorted([*exact, *kept], key=lambda tag: tag.start)


def _tag(kind: str, match: re.Match[str]) -> Tag:
    return Tag(kind, match.start(), match.end(), 1.0)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _luhn(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()][::-1]
    doubled = [digit if index % 2 == 0 else sum(divmod(2 * digit, 10)) for index, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    plain = text.replace(" ", "")
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1

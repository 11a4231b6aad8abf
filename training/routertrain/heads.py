"""Every head: its classes, how it reads a text, and how its scores over the windows of a long text are joined."""

from __future__ import annotations

from dataclasses import dataclass

DOMAINS = (
    "biology",
    "business",
    "chemistry",
    "computer science",
    "economics",
    "engineering",
    "health",
    "history",
    "law",
    "math",
    "other",
    "philosophy",
    "physics",
    "psychology",
)
PII_TYPES = (
    "AGE",
    "CREDIT_CARD",
    "DATE_TIME",
    "DOMAIN_NAME",
    "EMAIL_ADDRESS",
    "GPE",
    "IBAN_CODE",
    "IP_ADDRESS",
    "NRP",
    "ORGANIZATION",
    "PERSON",
    "PHONE_NUMBER",
    "STREET_ADDRESS",
    "TITLE",
    "US_DRIVER_LICENSE",
    "US_SSN",
    "ZIP_CODE",
)
SEGMENT_TOKENS = 48
SEGMENT_STEP = SEGMENT_TOKENS // 2
QUERY_FLOOR = -20.0
"""A token's weight in a segment's own mean is at least e to this power of the greatest weight of the text, so that no segment is empty."""
PII_LABELS = ("O", *(f"{prefix}-{kind}" for kind in PII_TYPES for prefix in ("B", "I")))


@dataclass(frozen=True)
class Head:
    """One output of the graph. `lexical`: its logits also get the hashed word and word-pair weights. `by_segments`: it has two classes
    and reads a text in segments, of which the one that is surest of the second class speaks for the text."""

    name: str
    task: str
    labels: tuple[str, ...]
    positive: tuple[str, ...] = ()
    input: str = "single"
    pool: str = "mean"
    lexical: bool = False
    by_segments: bool = False

    @property
    def is_token_head(self) -> bool:
        return self.task == "TOKEN"


HEADS = (
    Head("domain", "SEQ_CLS", DOMAINS, lexical=True),
    Head("jailbreak", "SEQ_CLS", ("benign", "jailbreak"), positive=("jailbreak",), pool="max", by_segments=True),
    Head("fact_check", "SEQ_CLS", ("no_check", "needs_check"), positive=("needs_check",), lexical=True),
    Head("user_feedback", "SEQ_CLS", ("need_clarification", "satisfied", "want_different", "wrong_answer"), lexical=True),
    Head("modality", "SEQ_CLS", ("AR", "BOTH", "DIFFUSION"), lexical=True),
    Head("complexity", "SEQ_CLS", ("easy", "hard"), positive=("hard",), lexical=True),
    Head("nli", "NLI", ("entailment", "neutral", "contradiction"), input="pair"),
    Head("pii", "TOKEN", PII_LABELS, positive=PII_LABELS[1:], pool="max"),
    Head("hallucination", "TOKEN", ("supported", "unsupported"), positive=("unsupported",), input="pair", pool="max"),
)
SEQUENCE_HEADS = tuple(head for head in HEADS if not head.is_token_head)
TOKEN_HEADS = tuple(head for head in HEADS if head.is_token_head)
LEXICAL_HEADS = tuple(head for head in HEADS if head.lexical)


def head(name: str) -> Head:
    return next(item for item in HEADS if item.name == name)

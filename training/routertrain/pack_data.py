"""Examples that come straight out of the data packs: one function per head."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from routertrain.records import Example, Span, one_hot, read_rows

KEEP_ROWS = {
    "intent/clinc150": ("text", 1500),
    "cache/qqp": ("a", 1500),
    "tools/metatool": ("query", 400),
    "intent/banking77": ("text", 400),
}
NLI_OF_EDIT = {
    "none": "entailment",
    "unsupported_clause": "neutral",
    "wrong_number": "contradiction",
    "swapped_entity": "contradiction",
    "model_written": "contradiction",
}
MODELS_MIN = 20
SUM = re.compile(
    r"\b(calculate|comput(e|ing)|determine|estimate|find|how (far|long|many|much)|probability|solve|"
    r"what (are|is|was|were|will|would|must|should) (be )?(its|his|her|their|the|your))\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NUMBERS_MIN = 2
ARGUMENT = re.compile(
    r"\b(arguments?|premis(e|es)|conclusions?|fallac(y|ies)|predicate logic|propositional logic|PL|truth[- ]table|counterexample|"
    r"prov(e|es|ing)|proofs?|infer|inference|statement [12i])\b|[⊃≡∨∃∀→]",
    re.IGNORECASE,
)


def fact_check_examples(data: Path, part: str) -> list[Example]:
    return [_labelled(row, "text", "fact_check", row["label"], row["text"]) for row in read_rows(data, "fact_check", part)]


def is_sum_or_argument(row: Example) -> bool:
    """Exam questions that are answered by working something out. The pack's rule says that each needs a check, as its subject is one of
    knowledge; to a head that learns it, any sum or proof does."""
    if row.source != "mmlu-pro":
        return False
    is_sum = len(NUMBER.findall(row.text)) >= NUMBERS_MIN and SUM.search(row.text) is not None
    return is_sum or ARGUMENT.search(row.text) is not None


def feedback_examples(data: Path, part: str) -> list[Example]:
    rows = read_rows(data, "feedback", part)
    return [_labelled(row, "feedback", "user_feedback", row["label"], row["core"], row["lang"]) for row in rows]


def modality_examples(data: Path, part: str) -> list[Example]:
    rows = read_rows(data, "modality", part)
    return [_labelled(row, "text", "modality", row["label"], row.get("phrasing") or row["text"], row["lang"]) for row in rows]


def jailbreak_examples(data: Path, part: str) -> list[Example]:
    """The source is the attack family, or the origin of a benign row."""
    rows = read_rows(data, "safety/jailbreak", part)
    return [
        _labelled(row, "text", "jailbreak", "jailbreak" if row["label"] else "benign", row["goal"] or row["text"], _family(row))
        for row in rows
    ]


def _family(row: dict[str, Any]) -> str:
    return str(row["source"] if row["family"] in ("plain", "synthetic") else row["family"])


def complexity_examples(data: Path, part: str) -> list[Example]:
    """Soft labels: the share of models that fail."""
    rows = []
    for row in read_rows(data, "routing/mmlu-pro", part):
        answers = [item for item in row["correct"] if item is not None]
        if len(answers) >= MODELS_MIN:
            rows.append(_difficulty(row["question"], 1 - sum(answers) / len(answers), "mmlu-pro"))
    for row in read_rows(data, "routing/routellm-gsm8k", part):
        rows.append(_difficulty(row["question"], 1 - (row["strong"] + row["weak"]) / 2, "gsm8k"))
    return rows


def _difficulty(text: str, hard: float, source: str) -> Example:
    text = text.strip()
    return Example(text=text, key=text, source=source, labels={"complexity": (1 - hard, hard)})


def grounded_examples(data: Path, part: str, *, with_question: float, seed: int) -> list[Example]:
    """Context and answer as a pair, for hallucination spans and NLI; `with_question` is the share whose context has the question."""
    chance = random.Random(seed)
    rows = []
    for row in read_rows(data, "hallucination/grounded-synth", part):
        context = row["context"].strip()
        if row["question"] and chance.random() < with_question:
            context = f"{row['question'].strip()}\n{context}"
        spans = tuple(Span("unsupported", start, end) for start, end in row["spans"])
        labels = one_hot("nli", NLI_OF_EDIT[row["edit"]])
        source = f"{row['source']}/{row['edit']}"
        rows.append(Example(context, row["base"], source, row["answer"], labels, {"hallucination": spans}))
    return rows


def embedding_examples(data: Path, seed: int) -> list[Example]:
    """General texts on which the embedding shall stay as it was."""
    chance = random.Random(seed)
    rows = []
    for pack, (column, count) in KEEP_ROWS.items():
        texts = sorted({row[column] for row in read_rows(data, pack, "train")})
        rows += [Example(text, text, pack, keeps_embedding=True) for text in chance.sample(texts, count)]
    return rows


def _labelled(row: dict[str, Any], column: str, name: str, label: str, key: str, source: str | None = None) -> Example:
    return Example(row[column], key, source or row["source"], labels=one_hot(name, label))

"""The attack suite: dev rows that the guard or the domain head gets right, disguised; and how many of the disguises work."""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from routertrain import metrics, pack_data
from routertrain.infer import Bundle
from routertrain.perturb import DISGUISES, read_wording
from routertrain.records import read_rows

SEED = 7
THREATS = 70
BENIGN = 40
QUESTIONS = 56
CHARACTERS_MAX = 400
DOMAIN_DISGUISES = ("three-words", "suffix", "paraphrase", "padding", "leetspeak", "zero-width", "look-alikes")
Row = dict[str, Any]


def generate(data: Path, own: Path) -> dict[str, list[Row]]:
    """Files by name; each row has the head, the disguise (`plain` for the text itself), the text, the true label and its number."""
    chance = random.Random(SEED)
    threats, benign = _guard_rows(data, chance)
    foreign = json.loads((own / "foreign_attacks.json").read_text(encoding="utf-8"))
    guard = [
        row
        for number, text in enumerate(threats)
        for row in _disguised("jailbreak", number, text, "jailbreak", list(DISGUISES), own, chance)
    ]
    guard += [_row("jailbreak", "non-english", len(threats) + number, text, "jailbreak") for number, text in enumerate(foreign)]
    harmless = [
        row for number, text in enumerate(benign) for row in _disguised("jailbreak", number, text, "benign", list(DISGUISES), own, chance)
    ]
    questions = chance.sample(_short(read_rows(data, "routing/mmlu-pro", "dev"), "question"), QUESTIONS)
    domain = [
        row
        for number, question in enumerate(questions)
        for row in _disguised("domain", number, question["question"], question["category"], list(DOMAIN_DISGUISES), own, chance)
    ]
    return {"guard": guard, "harmless": harmless, "domain": domain}


def _guard_rows(data: Path, chance: random.Random) -> tuple[list[str], list[str]]:
    rows = [
        row for row in pack_data.jailbreak_examples(data, "dev") if len(row.text) <= CHARACTERS_MAX and not row.source.startswith("xstest")
    ]
    threats = [row.text for row in rows if row.labels["jailbreak"][1] > 0]
    benign = [row.text for row in rows if row.labels["jailbreak"][1] == 0]
    return chance.sample(threats, THREATS), chance.sample(benign, BENIGN)


def _short(rows: Sequence[Row], column: str) -> list[Row]:
    return [row for row in rows if len(row[column]) <= CHARACTERS_MAX]


def _disguised(head: str, number: int, text: str, label: str, names: Sequence[str], own: Path, chance: random.Random) -> list[Row]:
    words = read_wording(own.parent / "attacks")
    rows = [_row(head, "plain", number, text, label)]
    return rows + [_row(head, name, number, DISGUISES[name](text, words, chance), label) for name in names]


def _row(head: str, disguise: str, number: int, text: str, label: str) -> Row:
    return {"head": head, "disguise": disguise, "number": number, "text": text, "label": label}


def write_suite(folder: Path, suite: dict[str, list[Row]]) -> None:
    """Compressed without a time stamp, so that the same rows give the same bytes."""
    folder.mkdir(exist_ok=True)
    for name, rows in suite.items():
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(content.encode(), mtime=0))


def read_suite(folder: Path) -> dict[str, list[Row]]:
    return {
        path.name.removesuffix(".jsonl.gz"): [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
        for path in sorted(folder.glob("*.jsonl.gz"))
    }


def success_rates(bundle: Bundle, suite: dict[str, list[Row]]) -> dict[str, Any]:
    """Per file and disguise the share of rows whose answer turns wrong, among those whose plain text is answered rightly."""
    return {name: _rates(rows, _right(bundle, rows)) for name, rows in suite.items()}


def _right(bundle: Bundle, rows: Sequence[Row]) -> list[bool]:
    texts = [row["text"] for row in rows]
    if rows[0]["head"] == "jailbreak":
        alarms = bundle.threat(texts) >= bundle.heads["jailbreak"]["threshold"]["value"]
        return [bool(alarm) == (row["label"] == "jailbreak") for alarm, row in zip(alarms, rows, strict=True)]
    labels = bundle.heads["domain"]["labels"]
    said = bundle.classify(texts, ["domain"])["domain"].argmax(axis=1)
    return [labels[index] == row["label"] for index, row in zip(said, rows, strict=True)]


def _rates(rows: Sequence[Row], right: Sequence[bool]) -> dict[str, Any]:
    plain = {row["number"]: hit for row, hit in zip(rows, right, strict=True) if row["disguise"] == "plain"}
    flipped: dict[str, list[bool]] = defaultdict(list)
    for row, hit in zip(rows, right, strict=True):
        if row["disguise"] == "plain" or plain.get(row["number"], True):
            flipped[row["disguise"]].append(not hit)
    return {disguise: metrics.share(np.array(found)) for disguise, found in sorted(flipped.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    arguments = parser.parse_args()
    training = Path(__file__).parent.parent
    write_suite(training / "attacks", generate(arguments.data, training / "data"))


if __name__ == "__main__":
    main()

"""Writes models/MODEL_CARD.md from the measured figures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from routertrain.heads import head

Figures = dict[str, Any]
TITLES = {
    "domain": "domain, MMLU-Pro questions without options",
    "domain_chat": "domain, 112 short chat-style questions",
    "fact_check": "fact_check",
    "user_feedback": "user_feedback (synthetic set)",
    "modality": "modality (synthetic set)",
    "nli": "nli (synthetic set)",
}
AIMS = {
    "domain": "accuracy .83",
    "domain_chat": "accuracy .80",
    "fact_check": "macro F1 .95",
    "user_feedback": "macro F1 .95",
    "modality": "macro F1 .95",
    "nli": "none",
}


def card(figures: Figures, manifest: Figures, minutes: int | None, notes: str) -> str:
    sections = [
        _top(manifest, minutes),
        _sequence_table(figures),
        _jailbreak(figures["jailbreak"], figures["left_out"]),
        _pii(figures["pii"]),
        _others(figures),
        _attacks(figures["attacks"]),
        _by_source(figures),
        _confusions(figures),
        notes,
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _top(manifest: Figures, minutes: int | None) -> str:
    size = sum(entry["bytes"] for entry in manifest["files"].values()) / 1e6
    made = "" if minutes is None else f" Made by `training/train.sh` in {minutes} minutes, training, export and figures together."
    return f"""# Model card: models/default

Version `{manifest["version"]}`, {size:.1f} MB.{made}

A MiniLM-L6 sentence encoder (384 numbers, English, uncased) whose upper two layers were tuned together with nine heads; the lower
four are as they came. Format, decoding and data rules: `training/README.md`. Why it is built so: `docs/decisions/`.

All figures are of the exported 8-bit graph on the dev parts of the data packs. No dev row was trained on; temperatures, thresholds and
abstention bounds come from held-back training rows.
Ranges are 95 % intervals (Wilson for shares, bootstrap otherwise)."""


def _sequence_table(figures: Figures) -> str:
    rows = []
    for key, title in TITLES.items():
        found = figures[key]
        cells = (found["accuracy"], found["macro_f1"])
        rows.append(
            [
                title,
                str(found["accuracy"]["rows"]),
                *map(_range, cells),
                AIMS[key],
                f"{found['calibration_error']:.3f}",
                f"{100 * found['abstained']:.1f} %",
                f"{found['accuracy_when_sure']['value']:.3f}",
            ]
        )
    heads = ["head", "rows", "accuracy", "macro F1", "aim", "calibration error", "abstains", "accuracy of the rest"]
    return "## Heads with one answer a text\n\n" + _table(heads, rows)


def _jailbreak(figures: Figures, left_out: Figures) -> str:
    names = ("one_percent", "shipped")
    rows = [
        [title, *(_range(figures[name][key]) for name in names)]
        for title, key in (
            ("recall (aim .95)", "recall"),
            ("false alarms on harmless rows (aim .01)", "false_alarms"),
            ("false alarms on XSTest's safe half (aim at most .05)", "xstest_false_alarms"),
            ("recall on XSTest's unsafe half", "xstest_recall"),
        )
    ]
    rows += [
        [f"recall, {family}", *(_range(figures[name]["recall_by_family"][family]) for name in names)]
        for family in figures["shipped"]["recall_by_family"]
    ]
    limits = [
        f"{title} ({figures[name]['threshold']:.3f})"
        for title, name in (("threshold at 1 % of dev", "one_percent"), ("shipped threshold", "shipped"))
    ]
    left = [[family, str(found["with"]["rows"]), _range(found["with"]), _range(found["without"])] for family, found in left_out.items()]
    return (
        f"## jailbreak\n\nArea under the curve {_range(figures['auroc'])}, calibration error {figures['calibration_error']:.3f}.\n\n"
        f"{_table(['', *limits], rows)}\n\n"
        "Leave one family out: logistic regression on the untuned embedding, recall at 1 % false alarms of dev.\n\n"
        + _table(["family", "rows", "trained with it", "trained without it"], left)
    )


def _pii(figures: Figures) -> str:
    rows = [
        [
            kind,
            str(found["spans"]),
            *(f"{found[name]['f1']:.3f}" for name in ("head", "head_and_rules")),
            f"{found['head_and_rules']['precision']:.3f}",
            f"{found['head_and_rules']['recall']:.3f}",
        ]
        for kind, found in figures["by_type"].items()
        if found["spans"]
    ]
    rows.append(["all", "", *(_range(figures["all"][name]) for name in ("head", "head_and_rules")), "", ""])
    rows.append(["all, whatever the type", "", *(_range(figures["any_type"][name]) for name in ("head", "head_and_rules")), "", ""])
    heads = ["type", "spans", "F1, head alone", "F1 with exact recognisers", "precision", "recall"]
    return (
        "## pii\n\nA span counts when type and both ends are right; the aim is F1 .95. Types without spans in dev are left out.\n\n"
        + _table(heads, rows)
    )


def _others(figures: Figures) -> str:
    embedding, hallucination = figures["embedding"], figures["hallucination"]
    rows = [[f"complexity, rank correlation on {source}", _range(found)] for source, found in figures["complexity"].items()]
    rows += [
        ["hallucination, F1 of answers", _range(hallucination["example_f1"])],
        ["hallucination, F1 of words", f"{hallucination['word_f1']['value']:.3f}"],
    ]
    rows += [[f"hallucination, share flagged: {edit}", _range(found)] for edit, found in hallucination["flagged_by_edit"].items()]
    for when in ("before", "after"):
        clinc = embedding["clinc"][when]
        rows.append([f"CLINC150 by prototypes, {when} tuning: accuracy in scope (aim .90)", _range(clinc["accuracy"])])
        rows.append([f"CLINC150, {when} tuning: out-of-scope area under the curve (aim .90)", _range(clinc["out_of_scope_auroc"])])
        rows.append([f"QQP duplicates, {when} tuning: area under the curve", _range(embedding["qqp_auroc"][when])])
    drift = embedding["cosine_to_untuned"]
    rows.append(["cosine to the untuned embedding", f"mean {drift['mean']:.3f}, lowest {drift['lowest']:.3f} of {drift['rows']} texts"])
    return "## Other heads and the embedding\n\n" + _table(["figure", "value"], rows)


def _attacks(figures: Figures) -> str:
    """Success rates per disguise; `plain` is the error on the undisguised text."""
    disguises = sorted({disguise for rates in figures.values() for disguise in rates}, key=lambda name: (name != "plain", name))
    rows = [
        [disguise, *(_range(figures[name][disguise]) if disguise in figures[name] else "" for name in figures)] for disguise in disguises
    ]
    titles = {"guard": "jailbreak: threats let through", "harmless": "jailbreak: harmless texts stopped", "domain": "domain changed"}
    return (
        "## Attack suite\n\n`training/attacks/`, made by `routertrain/attacks.py` from dev rows. Share of rows that a disguise turns "
        "wrong, among those that are right undisguised; `plain` is the share wrong undisguised. After normalisation, as in the engine.\n\n"
        + _table(["disguise", *(titles[name] for name in figures)], rows)
    )


def _by_source(figures: Figures) -> str:
    rows = []
    for key in ("fact_check", "user_feedback", "modality", "nli"):
        rows += [[TITLES[key], source, str(found["rows"]), _range(found)] for source, found in figures[key]["accuracy_by_source"].items()]
    return "## Accuracy by language or source\n\n" + _table(["head", "part", "rows", "accuracy"], rows)


def _confusions(figures: Figures) -> str:
    parts = ["## Confusion\n\nRows are the true classes, columns in the same order."]
    for key, name in (
        ("domain", "domain"),
        ("user_feedback", "user_feedback"),
        ("modality", "modality"),
        ("fact_check", "fact_check"),
        ("nli", "nli"),
    ):
        labels = head(name).labels
        rows = [[label, *map(str, counts)] for label, counts in zip(labels, figures[key]["confusion"], strict=True)]
        parts.append(f"{TITLES[key]}:\n\n" + _table(["", *(str(index + 1) for index in range(len(labels)))], rows))
    return "\n\n".join(parts)


def _range(found: Figures) -> str:
    low, high = found["interval"]
    return f"{found['value']:.3f} ({low:.3f}–{high:.3f})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [" | ".join(heads), " | ".join("---" for _ in heads), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--minutes", type=int, help="measured wall time of the whole run, where one run made all")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    notes = (Path(__file__).parent.parent / "data" / "card_notes.md").read_text(encoding="utf-8")
    manifest = json.loads((arguments.bundle / "manifest.json").read_text(encoding="utf-8"))
    text = card(json.loads(arguments.figures.read_text(encoding="utf-8")), manifest, arguments.minutes, notes)
    arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

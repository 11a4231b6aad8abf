"""Every figure of the model card, measured on the dev parts through the exported bundle."""

from __future__ import annotations

import argparse
import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routertrain import attacks, embedding_figures, left_out, metrics, pack_data, pii_data, pii_figures
from routertrain.heads import head
from routertrain.infer import Bundle
from routertrain.records import Example, one_hot, read_rows

Figures = dict[str, Any]
log = logging.getLogger("evaluate")


def domain_examples(data: Path) -> list[Example]:
    rows = read_rows(data, "routing/mmlu-pro", "dev")
    return [Example(row["question"], row["id"], row["src"], labels=one_hot("domain", row["category"])) for row in rows]


def chat_examples(own: Path) -> list[Example]:
    rows = [json.loads(line) for line in (own / "chat_domain.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Example(row["text"], row["text"], "chat", labels=one_hot("domain", row["domain"])) for row in rows]


def sequence_figures(bundle: Bundle, name: str, rows: Sequence[Example]) -> Figures:
    """Accuracy, macro F1, calibration, confusion and what abstaining does; also accuracy per source or language."""
    true = np.array([np.argmax(row.labels[name]) for row in rows])
    if bundle.heads[name]["input"] == "pair":
        chances = bundle.classify_pairs([(row.text, row.pair or "") for row in rows], [name])[name]
    else:
        chances = bundle.classify([row.text for row in rows], [name])[name]
    said = chances.argmax(axis=1)
    sure = chances.max(axis=1) >= bundle.heads[name]["abstain"]["below"]
    return {
        "accuracy": metrics.share(said == true),
        "macro_f1": metrics.with_interval(metrics.macro_f1, said, true),
        "calibration_error": metrics.calibration_error(chances, true),
        "abstained": float(1 - sure.mean()),
        "accuracy_when_sure": metrics.share((said == true)[sure]),
        "accuracy_by_source": _by_source(rows, said == true),
        "confusion": metrics.confusion(said, true, len(head(name).labels)),
    }


def _by_source(rows: Sequence[Example], hits: NDArray[np.bool_]) -> Figures:
    groups: dict[str, list[bool]] = defaultdict(list)
    for row, hit in zip(rows, hits, strict=True):
        groups[row.source].append(bool(hit))
    return {source: metrics.share(np.array(found)) for source, found in sorted(groups.items()) if len(groups) <= 12}


def jailbreak_figures(bundle: Bundle, data: Path) -> Figures:
    """Recall at one false alarm in a hundred benign dev rows (XSTest apart) and at the shipped threshold."""
    rows = pack_data.jailbreak_examples(data, "dev")
    scores = bundle.threat([row.text for row in rows])
    threats = np.array([row.labels["jailbreak"][1] > 0 for row in rows])
    xstest = read_rows(data, "safety/xstest", "dev")
    xstest_scores = bundle.threat([row["text"] for row in xstest])
    safe = np.array([row["label"] == 0 for row in xstest])
    apart = np.array([row.source.startswith("xstest") for row in rows])
    benign = scores[~threats & ~apart]
    at_one = float(np.quantile(benign, 0.99))
    shipped = bundle.heads["jailbreak"]["threshold"]["value"]
    return {
        name: {
            "threshold": value,
            "false_alarms": metrics.share(benign >= value),
            "recall": metrics.share(scores[threats] >= value),
            "recall_by_family": _by_source([row for row in rows if row.labels["jailbreak"][1] > 0], scores[threats] >= value),
            "xstest_false_alarms": metrics.share(xstest_scores[safe] >= value),
            "xstest_recall": metrics.share(xstest_scores[~safe] >= value),
        }
        for name, value in (("one_percent", at_one), ("shipped", shipped))
    } | {
        "auroc": metrics.with_interval(metrics.auroc, scores[~apart], threats[~apart]),
        "calibration_error": metrics.calibration_error(np.stack([1 - scores, scores], axis=1)[~apart], threats[~apart].astype(int)),
    }


def complexity_figures(bundle: Bundle, data: Path) -> Figures:
    rows = pack_data.complexity_examples(data, "dev")
    hard = np.array([row.labels["complexity"][1] for row in rows])
    scores = bundle.classify([row.text for row in rows], ["complexity"])["complexity"][:, 1]
    groups = {source: np.array([row.source == source for row in rows]) for source in ("mmlu-pro", "gsm8k")}
    return {source: metrics.with_interval(metrics.spearman, scores[picked], hard[picked]) for source, picked in groups.items()}


def hallucination_figures(bundle: Bundle, data: Path) -> Figures:
    """Per answer: is any word flagged; per word: F1 of the flagged words against the marked ones."""
    rows = pack_data.grounded_examples(data, "dev", with_question=0.7, seed=0)
    flagged = bundle.flagged([(row.text, row.pair or "") for row in rows])
    limit = bundle.heads["hallucination"]["threshold"]["value"]
    said = np.array([any(score >= limit for _, score in found) for found in flagged])
    true = np.array([bool(row.spans["hallucination"]) for row in rows])
    words = [
        (score >= limit, any(span.start < word.end and word.start < span.end for span in row.spans["hallucination"]))
        for row, found in zip(rows, flagged, strict=True)
        for word, score in found
    ]
    word_said, word_true = (np.array(column) for column in zip(*words, strict=True))
    return {
        "example_f1": metrics.with_interval(_f1, said, true),
        "word_f1": {"value": _f1(word_said, word_true), "rows": len(words)},
        "flagged_by_edit": _by_source(rows, said),
    }


def _f1(said: NDArray[Any], true: NDArray[Any]) -> float:
    return float(2 * (said & true).sum() / max(1, said.sum() + true.sum()))


def all_figures(bundle: Bundle, data: Path, own: Path, base_folder: Path) -> Figures:
    sets = {
        "domain": ("domain", domain_examples(data)),
        "domain_chat": ("domain", chat_examples(own)),
        "fact_check": ("fact_check", pack_data.fact_check_examples(data, "dev")),
        "user_feedback": ("user_feedback", pack_data.feedback_examples(data, "dev")),
        "modality": ("modality", pack_data.modality_examples(data, "dev")),
        "nli": ("nli", pack_data.grounded_examples(data, "dev", with_question=0.0, seed=0)),
    }
    figures: Figures = {}
    for key, (name, rows) in sets.items():
        figures[key] = sequence_figures(bundle, name, rows)
        log.info("%s: accuracy %.4f, macro F1 %.4f", key, figures[key]["accuracy"]["value"], figures[key]["macro_f1"]["value"])
    figures["jailbreak"] = jailbreak_figures(bundle, data)
    log.info("jailbreak: %s", {key: value for key, value in figures["jailbreak"]["one_percent"].items() if key != "recall_by_family"})
    figures["complexity"] = complexity_figures(bundle, data)
    figures["hallucination"] = hallucination_figures(bundle, data)
    figures["pii"] = pii_figures.figures(bundle, pii_data.presidio_examples(data, "dev"))
    log.info("pii: %s", figures["pii"]["all"])
    figures["embedding"] = embedding_figures.figures(bundle, data, base_folder)
    log.info("embedding: %s", figures["embedding"])
    figures["left_out"] = left_out.figures(data, base_folder)
    log.info("left out: %s", figures["left_out"])
    figures["attacks"] = attacks.success_rates(bundle, attacks.read_suite(own.parent / "attacks"))
    log.info("attacks: %s", figures["attacks"])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--base", type=Path, required=True, help="folder with the base model")
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the figures")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    own = Path(__file__).parent.parent / "data"
    figures = all_figures(Bundle(arguments.bundle, threads=2), arguments.data, own, arguments.base)
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Joins trunk, heads and wide part to one graph, calibrates it on the held-back rows and writes the bundle."""

from __future__ import annotations

import argparse
import logging
import pickle
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from routertrain import base, bundle, calibrate, embedding_map, graph, guard_data, lexical, perturb, pii_figures, plan, tokens
from routertrain.heads import HEADS, LEXICAL_HEADS, SEQUENCE_HEADS, Head, head
from routertrain.infer import Bundle, softmax
from routertrain.quantise import row_matrix
from routertrain.records import Example

Calibration = dict[str, dict[str, Any]]
Floats = NDArray[np.float32]
HELD_ROWS_MAX = 600
ALL_HELD_ROWS = 4000
"""More than there are: one harmless row in a hundred sets the threshold, and of a few hundred rows that would be a handful."""
OWN = Path(__file__).parent.parent / "data"
TAG_THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(18))
log = logging.getLogger("export")


def assemble(trunk: base.Trunk, parameters: dict[str, Any], table: Floats, back: Floats) -> onnx.ModelProto:
    """`table`: the wide part; `back`: the map to the embedding, as in `embedding_map`."""
    layers = [*trunk["layers"][: base.FROZEN_LAYERS], *parameters["layers"]]
    return graph.build({**trunk, "layers": layers}, {**parameters["heads"], "lexical": table, "embedding": back}, row_matrix)


def uncalibrated() -> Calibration:
    """Temperatures of one, and every span kept."""
    return {item.name: {"temperature": 1.0} | ({"threshold": {"value": 0.0}} if item.is_token_head else {}) for item in HEADS}


def logits(found: Bundle, item: Head, rows: Sequence[Example]) -> Floats:
    """Logits up to a constant per row, from a bundle whose temperatures are all one."""
    if item.input == "pair":
        chances = found.classify_pairs([(row.text, row.pair or "") for row in rows], [item.name])
    else:
        chances = found.classify([row.text for row in rows], [item.name])
    return np.asarray(np.log(chances[item.name] + 1e-9))


def with_wide_part(dense: Bundle, wide: dict[str, tuple[Floats, Floats]], rows: Sequence[Example], tokenizer: Any) -> dict[str, float]:
    shares = {}
    for item in LEXICAL_HEADS:
        known = _judged(rows, item)
        weights, bias = wide[item.name]
        words = lexical.features(tokenizer, [row.text for row in known]) @ weights + bias
        shares[item.name] = calibrate.best_share(logits(dense, item, known), words, _targets(item, known))
    return shares


def _judged(rows: Sequence[Example], item: Head) -> list[Example]:
    """The held-back rows by which a head is calibrated."""
    if item.name == "domain":
        return _balanced(rows)
    return _known(rows, item, ALL_HELD_ROWS if item.name == "jailbreak" else HELD_ROWS_MAX)


def _balanced(rows: Sequence[Example]) -> list[Example]:
    """As many rows of exam questions as of chat variants of them and as of short questions that people type, disguised copies included:
    the words of exams help with exams and mislead elsewhere, and a temperature that is right for exams leaves short questions unsure."""
    found = _known(rows, head("domain"), ALL_HELD_ROWS)
    kinds = (("exam",), ("exam-chat",), ("topic", "typed", "chit-chat"))
    groups = [[row for row in found if row.source.split("+")[0] in kind] for kind in kinds]
    return [row for group in groups for row in group[: min(len(group) for group in groups)]]


def _copies(rows: Sequence[Example]) -> dict[str, list[str]]:
    return perturb.copies([row.text for row in rows], perturb.read_wording(OWN), random.Random(plan.SEED))


def _is_plain(row: Example) -> bool:
    """Not made from another row, as disguised copies, tails and filled windows are."""
    return "+" not in row.source


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def calibration(found: Bundle, rows: Sequence[Example]) -> Calibration:
    result: Calibration = uncalibrated()
    for item in SEQUENCE_HEADS:
        known = _judged(rows, item)
        usual = [row for row in known if not row.is_left_out]
        values = logits(found, item, usual)
        temperature = calibrate.best_temperature(values, _targets(item, usual))
        chances = softmax(values / temperature)
        result[item.name] = {"temperature": round(temperature, 4), "abstain": {"below": round(calibrate.abstain_below(chances), 4)}}
        if item.name == "jailbreak":
            value = round(_alarm_threshold(found, known, temperature), 4)
            result[item.name]["threshold"] = {"false_alarms": calibrate.FALSE_ALARMS, "value": value}
    result["hallucination"]["threshold"] = {"value": round(_flag_threshold(found, rows), 4)}
    result["pii"]["threshold"] = {"value": _tag_threshold(found, rows)}
    return result


def _alarm_threshold(found: Bundle, rows: Sequence[Example], temperature: float) -> float:
    """At most one false alarm in a hundred of the pack's harmless texts, each plain and in every disguise; above that, own families that
    were left out of training choose. Scored as the engine does, in all readings."""
    benign = [row for row in rows if _is_plain(row) and not guard_data.is_own(row) and row.labels["jailbreak"][1] == 0]
    scores = {kind: _threat(found, texts, temperature) for kind, texts in _copies(benign).items()}
    by_kind = {kind: calibrate.threshold(part) for kind, part in scores.items()}
    log.info("thresholds by %d harmless rows: %s", len(benign), _rounded(by_kind))
    is_threat = np.array([row.labels["jailbreak"][1] > 0 for row in rows])
    strange = np.array([row.is_left_out for row in rows])
    all_scores = _threat(found, [row.text for row in rows], temperature)
    value = calibrate.guard_threshold(scores, all_scores[strange & is_threat], all_scores[strange & ~is_threat])
    reached = all_scores >= value
    by_family = {guard_data.family(row): 0 for row in rows if row.is_left_out}
    for row, wrong in zip(rows, reached != is_threat, strict=True):
        if row.is_left_out:
            by_family[guard_data.family(row)] += int(wrong)
    log.info("families left out, wrong of %d: %s", strange.sum(), by_family)
    missed, stopped = (is_threat & ~reached).sum(), (~is_threat & reached).sum()
    log.info("%.4f misses %d of %d threats, stops %d of %d others", value, missed, is_threat.sum(), stopped, (~is_threat).sum())
    return value


def _threat(found: Bundle, texts: Sequence[str], temperature: float) -> Floats:
    """What the guard says at that temperature, from a bundle whose temperatures are all one."""
    chances = found.threat(texts)
    return softmax(np.asarray(np.log(np.stack([1 - chances, chances], axis=1) + 1e-9) / temperature, dtype=np.float32))[:, 1]


def _known(rows: Sequence[Example], item: Head, rows_max: int = HELD_ROWS_MAX) -> list[Example]:
    return [row for row in rows if item.name in row.labels][:rows_max]


def _targets(item: Head, rows: Sequence[Example]) -> Floats:
    return np.array([row.labels[item.name] for row in rows], dtype=np.float32)


def _flag_threshold(found: Bundle, rows: Sequence[Example]) -> float:
    """The score of a word at which an answer with such a word is best called unsupported."""
    known = [row for row in rows if "hallucination" in row.spans]
    scores = [
        max((score for _, score in found_words), default=0.0)
        for found_words in found.flagged([(row.text, row.pair or "") for row in known])
    ]
    return calibrate.best_f1_threshold(np.array(scores), np.array([bool(row.spans["hallucination"]) for row in known]))


def _tag_threshold(found: Bundle, rows: Sequence[Example]) -> float:
    """The mean probability from which on a span is best kept; from the held-back rows of the pack, without made-up ones."""
    known = [row for row in rows if row.source in ("v2", "large")]
    tagged = found.tags([row.text for row in known])
    gold = [pii_figures.spans_of(row.text, row.spans["pii"]) for row in known]

    def score(limit: float) -> float:
        kept = [pii_figures.predicted(row, [tag for tag in tags if tag.score >= limit]) for row, tags in zip(known, tagged, strict=True)]
        return pii_figures.overall_f1(kept, gold)

    return max(TAG_THRESHOLDS, key=score)


def export(parameters: dict[str, Any], data: Path, base_folder: Path, out: Path) -> None:
    source = base_folder / "all-minilm-l6-v2-tokenizer.json"
    tokenizer = tokens.load_tokenizer(source, base.POSITIONS_MAX)
    trunk = base.load_trunk(base_folder / "all-minilm-l6-v2.onnx", tokenizer.get_vocab_size())
    rows = plan.training_examples(data, OWN, plan.SEED)
    held = [row for row in rows if row.is_held_back]
    random.Random(plan.SEED).shuffle(held)
    wide = lexical.fit(tokenizer, [row for row in rows if not row.is_held_back])
    log.info("wide part fitted")
    with tempfile.TemporaryDirectory() as scratch:
        empty = lexical.table(wide, dict.fromkeys(wide, 0.0))
        plain = assemble(trunk, parameters, empty, embedding_map.UNCHANGED)
        bundle.write(Path(scratch) / "dense", plain, source, uncalibrated())
        back = embedding_map.fit(plain, trunk, base_folder, embedding_map.texts(data, rows, plan.SEED))
        shares = with_wide_part(Bundle(Path(scratch) / "dense", threads=2), wide, held, tokenizer)
        log.info("shares of the wide part: %s", shares)
        model = assemble(trunk, _with_bias(parameters, wide, shares), lexical.table(wide, shares), back)
        bundle.write(Path(scratch) / "whole", model, source, uncalibrated())
        found = calibration(Bundle(Path(scratch) / "whole", threads=2), held)
    for item in HEADS:
        log.info("%s: %s", item.name, found[item.name])
    bundle.write(out, model, source, found)


def _with_bias(parameters: dict[str, Any], wide: dict[str, tuple[Floats, Floats]], shares: dict[str, float]) -> dict[str, Any]:
    heads = dict(parameters["heads"])
    for name, share in shares.items():
        heads[name] = {**heads[name], "bias": heads[name]["bias"] + share * wide[head(name).name][1]}
    return {**parameters, "heads": heads}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    parser.add_argument("--base", type=Path, required=True, help="folder with the base model and its tokenizer")
    parser.add_argument("--parameters", type=Path, required=True, help="what the training step wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    parameters = pickle.loads(arguments.parameters.read_bytes())
    export(parameters, arguments.data, arguments.base, arguments.out)


if __name__ == "__main__":
    main()

"""How many rows of the attack suite each disguise may turn wrong. The numbers in `attacks/bounds.json` may only fall."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routertrain.attacks import read_suite, success_rates
from routertrain.infer import Bundle

TRAINING = Path(__file__).parents[1]
BUNDLE = TRAINING.parent / "models" / "default"


@pytest.mark.parametrize("name", ["guard", "harmless", "domain"])
def test_no_disguise_works_more_often_than_its_bound(name: str) -> None:
    bounds = json.loads((TRAINING / "attacks" / "bounds.json").read_text(encoding="utf-8"))[name]
    rates = success_rates(Bundle(BUNDLE), {name: read_suite(TRAINING / "attacks")[name]})[name]
    turned = {disguise: round(found["value"] * found["rows"]) for disguise, found in rates.items()}
    assert turned.keys() == bounds.keys()
    assert {disguise: (count, bounds[disguise]) for disguise, count in turned.items() if count > bounds[disguise]} == {}

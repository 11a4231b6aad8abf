"""What is undone before the tokenizer."""

from __future__ import annotations

import base64

import pytest

from routertrain.normalise import normalise, readings


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ig\u200bno\u2060re", "ignore"),
        ("ign\u043er\u0435 this", "ignore this"),
        ("\uff49gnore", "ignore"),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", "\u043f\u0440\u0438\u0432\u0435\u0442"),
        ("\u03b1\u03b2\u03b3", "\u03b1\u03b2\u03b3"),
    ],
)
def test_text_is_made_plain(text: str, plain: str) -> None:
    assert normalise(text) == plain


def test_leetspeak_is_read_too() -> None:
    assert "how to make bread" in readings("h0w t0 m4k3 br34d")


def test_one_odd_word_is_no_leetspeak() -> None:
    assert readings("meet me in room b4") == ["meet me in room b4"]


def test_base64_is_read_too() -> None:
    hidden = base64.b64encode(b"tell me a long secret").decode()
    assert readings(f"decode {hidden} now")[-1] == "tell me a long secret"


def test_random_letters_are_no_base64() -> None:
    assert len(readings("Donaudampfschifffahrtsgesellschaft")) == 1

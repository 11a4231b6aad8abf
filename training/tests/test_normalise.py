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
        ("h0w d0 1 m4k3 br34d 4nd 73a? 17 745735 g00d!", "how do i make bread and tea? it tastes good!"),
        ("wh47 4r3 my 0p710n5", "what are my options"),
        ("h0w m4ny g0 1n70 296 m1nu735", "how many go into 296 minutes"),
        ("an RTX3070 or a GTX1650, the 1st or the 2nd?", "an RTX3070 or a GTX1650, the 1st or the 2nd?"),
        ("flight b4 of a 3D model in 4K at 10am on 5th street, r2d2", "flight b4 of a 3D model in 4K at 10am on 5th street, r2d2"),
    ],
)
def test_text_is_made_plain(text: str, plain: str) -> None:
    assert normalise(text) == plain


def test_single_words_in_leetspeak_are_read_too() -> None:
    text = "please tell me at once and in full how to m4k3 a dark br34d at home"
    assert readings(text) == [text, "please tell me at once and in full how to make a dark bread at home"]


def test_one_odd_word_is_no_leetspeak() -> None:
    assert readings("meet me in room b4") == ["meet me in room b4"]


def test_base64_is_read_too() -> None:
    hidden = base64.b64encode(b"tell me a long secret").decode()
    assert readings(f"decode {hidden} now")[-1] == "tell me a long secret"


def test_random_letters_are_no_base64() -> None:
    assert len(readings("Donaudampfschifffahrtsgesellschaft")) == 1

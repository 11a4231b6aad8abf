"""Asks for vectors with the official OpenAI client. Usage: openai_embeddings.py ADMIN_URL DOOR_URL. Ends with 0 when everything held."""

import sys

import openai

admin = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0, timeout=60)
door = openai.OpenAI(base_url=sys.argv[2], api_key="unused", max_retries=0, timeout=60)
texts = ["A boat on the river", "A ship on the water", "Interest rates of a bank: 银行, مصرف, 🏦"]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def vectors(client, model, **options):
    answer = client.embeddings.create(model=model, input=texts, **options)
    assert [entry.index for entry in answer.data] == [0, 1, 2], answer
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 10, answer.usage
    return [entry.embedding for entry in answer.data]


def meaning():
    boat, ship, bank = vectors(admin, "default")
    assert len(boat) == 384 and abs(dot(boat, boat) - 1) < 1e-4, len(boat)
    assert dot(boat, ship) > dot(boat, bank), (dot(boat, ship), dot(boat, bank))


def formats():
    for plain, packed in zip(vectors(admin, "default", encoding_format="float"), vectors(admin, "default", encoding_format="base64")):
        if isinstance(packed, str):
            packed = unpacked(packed)
        assert max(abs(a - b) for a, b in zip(plain, packed)) < 1e-5


def unpacked(text):
    import array
    import base64

    values = array.array("f", base64.b64decode(text))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def shorter():
    whole = vectors(admin, "default")[0]
    short = vectors(admin, "default", dimensions=64)[0]
    length = dot(whole[:64], whole[:64]) ** 0.5
    assert len(short) == 64 and max(abs(a / length - b) for a, b in zip(whole, short)) < 1e-4


def through_a_door():
    for direct, forwarded in zip(vectors(admin, "default"), vectors(door, "vectors")):
        assert max(abs(a - b) for a, b in zip(direct, forwarded)) < 1e-4


def refused():
    try:
        admin.embeddings.create(model="nobody", input="river")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found", error
    else:
        raise AssertionError("an unknown encoder was served")
    try:
        admin.embeddings.create(model="default", input=[[1, 2]])
    except openai.BadRequestError as error:
        assert error.code == "invalid_type", error
    else:
        raise AssertionError("token numbers were read")


for check in [meaning, formats, shorter, through_a_door, refused]:
    check()

"""Talks to a door with the official OpenAI client. Usage: openai_client.py BASE_URL. Ends with 0 when everything held."""

import concurrent.futures
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0, timeout=20)
user = [{"role": "user", "content": "Say something about rivers: Ärger, 漢字, 🦆"}]


def whole():
    answer = client.chat.completions.create(model="auto", messages=user)
    assert answer.choices[0].message.content, answer
    assert answer.usage.completion_tokens > 0, answer


def headers():
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=user)
    assert raw.headers["x-vsr-selected-model"], dict(raw.headers)
    assert raw.headers["x-request-id"], dict(raw.headers)
    assert raw.parse().choices[0].finish_reason == "stop"


def stream():
    chunks = list(client.chat.completions.create(model="auto", messages=user, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    assert chunks[-1].usage.completion_tokens > 0, chunks[-1]
    assert any(c.choices and c.choices[0].finish_reason == "stop" for c in chunks), chunks


def tools():
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
    answer = client.chat.completions.create(model="auto", messages=user, tools=[tool], tool_choice="auto")
    assert answer.choices, answer


def models():
    assert "auto" in [model.id for model in client.models.list()]


def concrete():
    raw = client.chat.completions.with_raw_response.create(model="large", messages=user)
    assert raw.headers["x-vsr-selected-model"] == "large", dict(raw.headers)


def embeddings():
    answer = client.embeddings.create(model="small", input="river")
    assert len(answer.data[0].embedding) > 0


def unknown_model():
    try:
        client.chat.completions.create(model="nobody", messages=user)
    except openai.NotFoundError as error:
        assert error.code == "model_not_found", error
    else:
        raise AssertionError("an unknown model was served")


def parallel():
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: whole(), range(40)))


for check in [whole, headers, stream, tools, models, concrete, embeddings, unknown_model, parallel]:
    check()
    print("ok", check.__name__)

"""Talks to a door's Responses API with the official OpenAI client. Usage: openai_responses.py BASE_URL answering|silent.

`small` says what it was asked (or, when silent, nothing at all), `large` calls the function `weather`. Ends with 0 when everything held.
"""

import sys
import time

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0, timeout=20)
weather = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}, "strict": False}


def refused(kind, code, call):
    try:
        call()
    except kind as error:
        assert error.code == code, error
    else:
        raise AssertionError(f"not refused with {code}")


def create():
    made = client.responses.create(model="small", input="Ärger, 漢字, 🦆", instructions="Echo.", metadata={"a": "b"})
    assert made.output_text == "Ärger, 漢字, 🦆", made
    assert (made.status, made.model, made.object, made.metadata) == ("completed", "small", "response", {"a": "b"}), made
    assert made.usage.output_tokens > 0 and made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens, made
    kept = client.responses.retrieve(made.id)
    assert kept.to_dict() == made.to_dict(), (kept, made)
    items = client.responses.input_items.list(made.id)
    assert [item.content[0].text for item in items] == ["Ärger, 漢字, 🦆"], items
    client.responses.delete(made.id)
    refused(openai.NotFoundError, "response_not_found", lambda: client.responses.retrieve(made.id))


def headers():
    raw = client.responses.with_raw_response.create(model="auto", input="Hello", store=False)
    assert raw.headers["x-vsr-selected-model"] == "small", dict(raw.headers)
    assert raw.headers["x-request-id"], dict(raw.headers)
    refused(openai.NotFoundError, "response_not_found", lambda: client.responses.retrieve(raw.parse().id))


def routed():
    made = client.responses.create(model="auto", input="What are your opening hours?")
    assert "nine to five" in made.output_text, made


def stream():
    events = list(client.responses.create(model="small", input="One two three", stream=True))
    kinds = [event.type for event in events]
    assert kinds[:4] == ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"], kinds
    assert kinds[-4:] == ["response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"], kinds
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "One two three"
    last = events[-1].response
    assert client.responses.retrieve(last.id).to_dict() == last.to_dict()


def stream_helper():
    with client.responses.stream(model="small", input="One two three") as stream:
        for _ in stream:
            pass
        assert stream.get_final_response().output_text == "One two three"


def tools():
    made = client.responses.create(model="large", input="How is the weather in Bern?", tools=[weather], tool_choice="auto")
    call = made.output[0]
    assert (call.type, call.name, call.arguments) == ("function_call", "weather", '{"city":"Bern"}'), made
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Snow"}
    after = client.responses.create(model="small", input=[result], previous_response_id=made.id, tools=[weather])
    assert after.previous_response_id == made.id and after.status == "completed", after
    kinds = [event.type for event in client.responses.create(model="large", input="Again", tools=[weather], stream=True)]
    assert "response.function_call_arguments.delta" in kinds and "response.function_call_arguments.done" in kinds, kinds


def text_format():
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object", "properties": {}}, "strict": False}
    made = client.responses.create(model="small", input="{}", text={"format": schema})
    assert made.text.format.type == "json_schema" and made.output_text == "{}", made


def incomplete():
    made = client.responses.create(model="small", input="One two three four five six seven eight nine ten", max_output_tokens=1)
    assert (made.status, made.incomplete_details.reason) == ("incomplete", "max_output_tokens"), made


def follows():
    first = client.responses.create(model="small", input="One")
    second = client.responses.create(model="small", input="Two", previous_response_id=first.id)
    assert second.output_text == "Two" and second.usage.input_tokens >= first.usage.input_tokens, second
    refused(openai.BadRequestError, "previous_response_not_found", lambda: client.responses.create(model="small", input="x", previous_response_id="resp_1"))


def conversation():
    made = client.conversations.create(metadata={"a": "b"}, items=[{"type": "message", "role": "user", "content": "Zero"}])
    response = client.responses.create(model="small", input="One", conversation=made.id)
    assert response.conversation.id == made.id, response
    texts = [item.content[0].text for item in client.conversations.items.list(made.id, order="asc")]
    assert texts == ["Zero", "One", "One"], texts
    added = client.conversations.items.create(made.id, items=[{"type": "message", "role": "user", "content": "Two"}])
    item = client.conversations.items.retrieve(added.first_id, conversation_id=made.id)
    assert item.content[0].text == "Two", item
    client.conversations.items.delete(item.id, conversation_id=made.id)
    assert client.conversations.update(made.id, metadata={"c": "d"}).metadata == {"c": "d"}
    assert client.conversations.retrieve(made.id).metadata == {"c": "d"}
    assert client.conversations.delete(made.id).deleted
    refused(openai.NotFoundError, "conversation_not_found", lambda: client.conversations.retrieve(made.id))


def background():
    made = client.responses.create(model="small", input="Later", background=True)
    assert made.status == "queued", made
    deadline = time.monotonic() + 20
    while made.status in ("queued", "in_progress"):
        assert time.monotonic() < deadline, made
        made = client.responses.retrieve(made.id)
    assert (made.status, made.output_text) == ("completed", "Later"), made


def errors():
    refused(openai.NotFoundError, "model_not_found", lambda: client.responses.create(model="nobody", input="x"))
    refused(openai.BadRequestError, "unsupported_parameter", lambda: client.responses.create(model="small", input="x", tools=[{"type": "web_search"}]))
    refused(openai.BadRequestError, "unknown_parameter", lambda: client.responses.create(model="small", input="x", extra_body={"modle": 1}))


def cancel():
    made = client.responses.create(model="small", input="Never", background=True)
    assert client.responses.cancel(made.id).status == "cancelled"
    assert client.responses.cancel(made.id).status == "cancelled"
    assert client.responses.retrieve(made.id).status == "cancelled"


answering = [create, headers, routed, stream, stream_helper, tools, text_format, incomplete, follows, conversation, background, errors]
for check in answering if sys.argv[2] == "answering" else [cancel]:
    check()
    print("ok", check.__name__)

"""The official OpenAI client at two doors of one cluster. Usage: openai_doors.py DOOR OTHER_DOOR FOLDER.

Makes threads through DOOR until the file `enough` is in FOLDER, then writes `kept` there and waits for `killed`: by then DOOR is gone. The
same client then goes on through OTHER_DOOR. The model says what it was asked. Ends with "all held" when everything held.
"""

import pathlib
import sys
import time

import openai

door, other, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
client = openai.OpenAI(base_url=door, api_key="unused", max_retries=0, timeout=20)


def await_file(name):
    deadline = time.monotonic() + 120
    while not (folder / name).exists():
        assert time.monotonic() < deadline, f"no file {name}"
        time.sleep(0.05)


def streamed(**fields):
    events = list(client.responses.create(stream=True, **fields))
    assert [event.sequence_number for event in events] == list(range(len(events))), events
    assert events[-1].type == "response.completed", events[-1]
    return events[-1].response


def thread(number):
    first = client.responses.create(model="small", input=f"One of {number}")
    second = streamed(model="small", input=f"Two of {number}", previous_response_id=first.id)
    assert (first.output_text, second.output_text) == (f"One of {number}", f"Two of {number}"), (first, second)
    return first, second


threads = []
while not (folder / "enough").exists():
    assert len(threads) < 200, "never enough"
    threads.append(thread(len(threads)))
    (folder / "made").write_text(str(len(threads)))
    time.sleep(0.1)
conversation = client.conversations.create(items=[{"type": "message", "role": "user", "content": "Zero"}])
client.responses.create(model="small", input="One", conversation=conversation.id)
(folder / "kept").touch()
await_file("killed")

# A node that died is given up after some seconds; until then what it had is away, which the client's own retries bridge.
client = client.with_options(base_url=other, max_retries=12, timeout=60)
for number, (first, second) in enumerate(threads):
    for made in (first, second):
        assert client.responses.retrieve(made.id).to_dict() == made.to_dict(), made
    third = client.responses.create(model="small", input=f"Three of {number}", previous_response_id=second.id)
    assert (third.output_text, third.previous_response_id) == (f"Three of {number}", second.id), third
    assert third.usage.input_tokens > second.usage.input_tokens, (second.usage, third.usage)
fourth = streamed(model="small", input="Four", previous_response_id=threads[0][1].id)
assert fourth.output_text == "Four", fourth
client.responses.delete(threads[0][0].id)
try:
    client.responses.retrieve(threads[0][0].id)
except openai.NotFoundError as gone:
    assert gone.code == "response_not_found", gone
else:
    raise AssertionError("deleted and still there")
client.responses.create(model="small", input="Two", conversation=conversation.id)
texts = [item.content[0].text for item in client.conversations.items.list(conversation.id, order="asc")]
assert texts == ["Zero", "One", "One", "Two", "Two"], texts
print("all held")

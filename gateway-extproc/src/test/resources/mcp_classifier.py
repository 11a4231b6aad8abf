"""An MCP server that tells topics apart by their names. How it behaves is an argument, so that tests can see it fail."""

import json
import os
import sys

LABELS = ["law", "math", "other"]
MODE = sys.argv[1] if len(sys.argv) > 1 else "good"


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def classify(text):
    if "end now" in text:
        sys.exit(3)
    if "say much" in text:
        sys.stdout.write("x" * 100_000)
        sys.stdout.flush()
    if "say nothing" in text:
        return None
    if "environment" in text:
        return {"class": "law" if os.environ.get("SECRET") == "given" and "KEY" not in os.environ else "other"}
    found = next((i for i, label in enumerate(LABELS) if label in text), 2)
    if MODE == "index":
        return {"class": found, "confidence": 0.8}
    return {"class": found, "confidence": 0.9, "probabilities": [0.9 if i == found else 0.05 for i in range(3)]}


def tool(name, arguments):
    if name == "list_categories":
        return {"categories": ["astrology"] if MODE == "strange" else LABELS}
    return classify(arguments["text"])


def result(method, params):
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "test", "version": "1"}}
    if method == "tools/list":
        return {"tools": [{"name": name} for name in (["other_tool"] if MODE == "toolless" else ["classify_text", "list_categories"])]}
    answer = tool(params["name"], params["arguments"])
    return None if answer is None else {"content": [{"type": "text", "text": json.dumps(answer)}]}


for line in sys.stdin:
    request = json.loads(line)
    if "id" not in request or "method" not in request:
        continue
    say({"jsonrpc": "2.0", "id": "ours", "method": "ping"})
    answer = result(request["method"], request.get("params", {}))
    if answer is not None:
        say({"jsonrpc": "2.0", "id": request["id"], "result": answer})

#!/usr/bin/env python3
"""What the router costs: the same load, sent straight to an upstream and through each way in, in one run.

    bench/overhead/run.py                       all contenders, all shapes, about 10 minutes
    bench/overhead/run.py --scale 0.2           shorter; figures are rougher
    bench/overhead/run.py --only b,c http       chosen shapes and contenders
    bench/overhead/run.py --only a,b direct hit direct
                                                what an answer costs that was kept for an equal request

Needs a built checkout (`./router version`), Envoy in the virtual environment that `./router test` makes, and cargo: the load
generator oha is installed once under .router/bench. Prints a table, and with --write puts it into docs/benchmarks.md.
Everything runs on 127.0.0.1, is bounded in requests and time, and only processes started here are ended.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
# No archive is recorded while something is measured.
os.environ["ROUTER_ARCHIVE"] = "now"
WORK = ROOT / ".router" / "bench"
OHA_VERSION = "1.16.0"
# The JIT needs some hundred thousand requests, however long they take; the others need none of it but get the same.
WARM_UP_REQUESTS = 200_000
WARM_UP_SECONDS_MAX = 120
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

# name: (what it is, requests a second or None for closed loop, connections, seconds, prompt bytes, stream)
SHAPES = {
    "a": ("open loop 200/s, 1 KB", 200, 32, 10, 1024, False),
    "b": ("open loop 500/s, 1 KB", 500, 32, 10, 1024, False),
    "c": ("closed loop, 32 connections, 1 KB", None, 32, 8, 1024, False),
    "d": ("100 streams/s, 20 tokens 2 ms apart", 100, 128, 10, 1024, True),
    "e": ("open loop 50/s, 64 KB", 50, 16, 10, 64 * 1024, False),
    "f": ("open loop 5/s, 2 MiB", 5, 4, 10, 2 * 1024 * 1024, False),
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A child in a session of its own, so that its CPU and memory can be summed and nothing else is ever ended."""

    def __init__(self, name, command, env=None):
        self.log = open(WORK / f"{name}.log", "wb")
        self.child = subprocess.Popen(
            [str(part) for part in command], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
            start_new_session=True, cwd=ROOT, env={**os.environ, **(env or {})},
        )

    def members(self):
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.child.pid:
                    yield int(entry), fields

    def cpu_seconds(self):
        return sum(int(f[11]) + int(f[12]) + int(f[13]) + int(f[14]) for _, f in self.members()) / TICKS

    def rss_mib(self):
        return sum(int(f[21]) * PAGE for _, f in self.members()) / 2**20

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait(5)
        self.log.close()


def wait_for(url, body=None, seconds=90):
    end = time.monotonic() + seconds
    while True:
        try:
            request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as failure:
            if time.monotonic() > end:
                sys.exit(f"{url} did not answer within {seconds} s: {failure}; logs are in {WORK}")
        time.sleep(0.1)


def body_file(model, prompt_bytes, stream):
    path = WORK / f"body-{model}-{prompt_bytes}-{int(stream)}.json"
    text = ("The quick brown fox explains how a request travels through a router. " * (prompt_bytes // 70 + 1))[:prompt_bytes]
    path.write_text(json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]}))
    return path


def policy_file(upstream):
    """One for each run: the router reads it again when it changes, and runs may overlap."""
    return WORK / f"policy-{upstream.rpartition(':')[2]}.yaml"


CACHED = """    - name: cached
      priority: 200
      rules: {operator: AND, conditions: [{type: keyword, name: k_fox}]}
      modelRefs: [{model: mock, use_reasoning: false}]
      plugins: [{type: response_cache, configuration: {mode: exact, scope: global}}]
"""
"""The prompts of all shapes have a fox in them."""


def policy(upstream, cached):
    words = ["urgent", "refund", "invoice", "python", "kubernetes", "derivative", "lawsuit", "symptom", "poem", "translate"]
    rules = "\n".join(
        f"      - {{name: k{i}, operator: OR, method: regex, keywords: ['{w}', '{w}s']}}" for i, w in enumerate(words)
    )
    decisions = "\n".join(
        f"    - name: d{i}\n      priority: {100 - i}\n      rules: {{operator: AND, conditions: [{{type: keyword, name: k{i}}}]}}\n"
        "      modelRefs: [{model: mock, use_reasoning: false}]"
        for i in range(len(words))
    )
    if cached:
        rules += "\n      - {name: k_fox, operator: OR, method: regex, keywords: [fox]}"
        decisions = CACHED + decisions
    path = policy_file(upstream)
    path.write_text(f"""version: v0.3
providers:
  defaults: {{default_model: mock}}
  models:
    - name: mock
      backend_refs: [{{name: mock, endpoint: "{upstream}", protocol: http}}]
routing:
  modelCards: [{{name: mock}}]
  signals:
    keywords:
{rules}
  decisions:
{decisions}
""")
    return path


def envoy_plain(port, upstream_port):
    path = WORK / "envoy-plain.yaml"
    path.write_text(f"""static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: plain
          route_config:
            virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: mock, timeout: 0s}}}}]}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: mock
    type: STATIC
    load_assignment:
      cluster_name: mock
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream_port}}}}}}}}}]}}]
""")
    return path


def envoy_binary():
    path = ROOT / ".router" / "venv" / "bin" / "envoy"
    if not path.exists():
        sys.exit("Envoy is not there: run ./router test once")
    return path


def envoy(name, config):
    return Process(name, [envoy_binary(), "-c", config, "--concurrency", os.cpu_count(), "--disable-hot-restart", "--log-level", "error"])


def start_router(upstream, cached=False):
    ports = {name: free_port() for name in ("http", "extproc", "admin")}
    process = Process("router", [
        ROOT / "router", "serve", "--config", policy(upstream, cached), "--port", ports["http"],
        "--extproc-port", ports["extproc"], "--admin-port", ports["admin"],
    ])
    wait_for(f"http://127.0.0.1:{ports['admin']}/readyz")
    return process, ports


class Contenders:
    """Each starts what stands between the load and the mock, and names the URL, the model and the processes that count."""

    def __init__(self, upstream_port):
        self.upstream_port = upstream_port
        self.upstream = f"127.0.0.1:{upstream_port}"

    def direct(self):
        return f"http://{self.upstream}", "mock", []

    def envoy(self):
        port = free_port()
        return f"http://127.0.0.1:{port}", "mock", [envoy("envoy", envoy_plain(port, self.upstream_port))]

    def http(self):
        process, ports = start_router(self.upstream)
        return f"http://127.0.0.1:{ports['http']}", "auto", [process]

    def hit(self):
        process, ports = start_router(self.upstream, cached=True)
        return f"http://127.0.0.1:{ports['http']}", "auto", [process]

    def extproc(self):
        process, ports = start_router(self.upstream)
        port = free_port()
        rendered = WORK / "envoy-extproc.yaml"
        with open(rendered, "wb") as out:
            subprocess.run(
                [ROOT / "router", "envoy-config", policy_file(self.upstream), "--no-access-log", "--port", str(port), "--admin-port", str(free_port()),
                 "--extproc-port", str(ports["extproc"]), "--http-port", str(ports["http"])],
                check=True, stdout=out,
            )
        return f"http://127.0.0.1:{port}", "auto", [process, envoy("envoy-extproc", rendered)]


def oha():
    binary = WORK / "bin" / "oha"
    if not binary.exists():
        print("installing oha (once, a few minutes) …", file=sys.stderr)
        subprocess.run(["cargo", "install", "--quiet", "--locked", "--root", WORK, f"oha@{OHA_VERSION}"], check=True)
    return binary


def load(url, model, shape, seconds):
    _, rate, connections, _, prompt, stream = shape
    command = [oha(), "--no-tui", "--output-format", "json", "-z", f"{seconds}s", "-c", str(connections), "-m", "POST",
               "-T", "application/json", "-D", str(body_file(model, prompt, stream)), "-t", "10s"]
    if rate:
        command += ["-q", str(rate), "--latency-correction"]
    done = subprocess.run([*command, f"{url}/v1/chat/completions"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def warm_up(url, model):
    end = time.monotonic() + WARM_UP_SECONDS_MAX
    answered = 0
    while answered < WARM_UP_REQUESTS and time.monotonic() < end:
        answered += sum(load(url, model, SHAPES["c"], 5)["statusCodeDistribution"].values())


def script(upstream_port, stream):
    """Whole answers come at once; streams wait 5 ms and then send a token every 2 ms."""
    pace = {"first_token_delay_ms": 5, "tokens_per_second": 500} if stream else {}
    body = json.dumps({"tokens": 20, **pace}).encode()
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{upstream_port}/script", data=body), timeout=5).close()


def measure(url, model, processes, shape, scale):
    seconds = max(2, round(shape[3] * scale))
    before = sum(p.cpu_seconds() for p in processes)
    report = load(url, model, shape, seconds)
    cpu = sum(p.cpu_seconds() for p in processes) - before
    statuses = report["statusCodeDistribution"]
    good = sum(n for code, n in statuses.items() if code.startswith("2"))
    percentiles = report["latencyPercentiles"]
    failed = sum(statuses.values()) - good + sum(n for why, n in report["errorDistribution"].items() if "deadline" not in why)
    return {
        "p50_ms": percentiles["p50"] * 1e3, "p99_ms": percentiles["p99"] * 1e3, "max_ms": report["summary"]["slowest"] * 1e3,
        "per_second": good / seconds, "cpu_s_per_1000": cpu / max(good, 1) * 1000, "rss_mib": sum(p.rss_mib() for p in processes), "failed": failed,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contenders", nargs="*", default=["direct", "envoy", "http", "extproc", "direct"], help="in this order")
    parser.add_argument("--only", default=",".join(SHAPES), help="shapes, by letter: a,b,c,d,e,f")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every shape's seconds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "router", "version"], check=True, stdout=subprocess.DEVNULL)
    shapes = options.only.split(",")
    upstream_port = free_port()
    mock = Process("mock", [ROOT / "router", "mock-llm", "--port", upstream_port, "--tokens", "20", "--tokens-per-second", "0"])
    rows = []
    try:
        wait_for(f"http://127.0.0.1:{upstream_port}/health")
        for name in options.contenders:
            url, model, processes = getattr(Contenders(upstream_port), name)()
            try:
                script(upstream_port, False)
                wait_for(f"{url}/v1/chat/completions", body_file(model, 64, False).read_bytes())
                print(f"{name}: warming up …", file=sys.stderr)
                warm_up(url, model)
                for shape in shapes:
                    print(f"{name}: {SHAPES[shape][0]} …", file=sys.stderr)
                    script(upstream_port, SHAPES[shape][5])
                    rows.append({"contender": name, "shape": shape, **measure(url, model, processes, SHAPES[shape], options.scale)})
            finally:
                for process in processes:
                    process.stop()
    finally:
        mock.stop()
    table = render(rows)
    print(json.dumps(rows, indent=2) if options.json else table)
    if options.write:
        write(table)


def render(rows):
    lines = ["| shape | contender | p50 ms | p99 ms | max ms | requests/s | CPU s / 1,000 | RSS MiB | failed |", "|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    for shape, (title, *_) in SHAPES.items():
        for row in (r for r in rows if r["shape"] == shape):
            lines.append(
                f"| {title} | {row['contender']} | {row['p50_ms']:.2f} | {row['p99_ms']:.2f} | {row['max_ms']:.1f} | {row['per_second']:.0f} "
                f"| {row['cpu_s_per_1000']:.2f} | {row['rss_mib']:.0f} | {row['failed']} |"
            )
    return "\n".join(lines)


def write(table):
    path = ROOT / "docs" / "benchmarks.md"
    begin, end = "<!-- overhead: begin -->", "<!-- overhead: end -->"
    head, _, rest = path.read_text().partition(begin)
    path.write_text(f"{head}{begin}\n{table}\n{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    main()

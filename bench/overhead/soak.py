#!/usr/bin/env python3
"""Whether memory stays flat: minutes of mixed load through one way in, with its memory every few seconds.

    bench/overhead/soak.py                      ten minutes through the HTTP door
    bench/overhead/soak.py --minutes 3 extproc  shorter, through Envoy and the ExtProc door

In turns of ten seconds: answers of 1 KB prompts at 300/s, streams at 100/s, 64 KB prompts at 50/s, and 2 MiB prompts at 2/s. Prints memory by
the minute and its growth over the second half. Needs what run.py needs, and keeps the same rules.
"""

import argparse
import itertools
import subprocess
import sys
import threading
import time

from run import ROOT, WORK, Contenders, Process, body_file, free_port, load, script, wait_for

TURN_SECONDS = 10
SAMPLE_SECONDS = 5
# name, requests a second, connections, seconds, prompt bytes, stream: as in run.py
TURNS = [
    ("1 KB", 300, 32, TURN_SECONDS, 1024, False),
    ("streams", 100, 64, TURN_SECONDS, 1024, True),
    ("64 KB", 50, 16, TURN_SECONDS, 64 * 1024, False),
    ("2 MiB", 2, 2, TURN_SECONDS, 2 * 1024 * 1024, False),
]


def sample(processes, begun, until, samples):
    while not until.wait(SAMPLE_SECONDS):
        samples.append((time.monotonic() - begun, sum(p.rss_mib() for p in processes)))


def slope_per_minute(samples):
    """Least squares over (seconds, MiB)."""
    mean_t = sum(t for t, _ in samples) / len(samples)
    mean_m = sum(m for _, m in samples) / len(samples)
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return 60 * sum((t - mean_t) * (m - mean_m) for t, m in samples) / spread


def soak(url, model, processes, upstream_port, minutes):
    samples, answered, failures = [], 0, {}
    until = threading.Event()
    begun = time.monotonic()
    watcher = threading.Thread(target=sample, args=(processes, begun, until, samples))
    watcher.start()
    try:
        for turn in itertools.cycle(TURNS):
            if time.monotonic() - begun > minutes * 60:
                break
            script(upstream_port, turn[5])
            report = load(url, model, turn, TURN_SECONDS)
            for status, count in report["statusCodeDistribution"].items():
                if status.startswith("2"):
                    answered += count
                else:
                    failures[status] = failures.get(status, 0) + count
            for why, count in report["errorDistribution"].items():
                # The load generator drops what is under way when a turn's time is over.
                if "deadline" not in why:
                    failures[why] = failures.get(why, 0) + count
    finally:
        until.set()
        watcher.join()
    return samples, answered, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", nargs="?", default="http", choices=["http", "extproc", "envoy"])
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "router", "version"], check=True, stdout=subprocess.DEVNULL)
    upstream_port = free_port()
    mock = Process("mock", [ROOT / "router", "mock-llm", "--port", upstream_port, "--tokens", "20", "--tokens-per-second", "0"])
    processes = []
    try:
        wait_for(f"http://127.0.0.1:{upstream_port}/health")
        url, model, processes = getattr(Contenders(upstream_port), options.contender)()
        wait_for(f"{url}/v1/chat/completions", body_file(model, 64, False).read_bytes())
        samples, answered, failures = soak(url, model, processes, upstream_port, options.minutes)
    finally:
        for process in [*processes, mock]:
            process.stop()
    print("| minute | MiB at its end |\n|---:|---:|")
    for minute in range(1, int(samples[-1][0] // 60) + 1):
        print(f"| {minute} | {[m for t, m in samples if t <= minute * 60][-1]:.0f} |")
    half = [s for s in samples if s[0] >= samples[-1][0] / 2]
    print(f"\n{answered} answers, failed: {failures or 'none'}; largest {max(m for _, m in samples):.0f} MiB; "
          f"second half: {slope_per_minute(half):+.2f} MiB a minute")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

"""What naming and redacting a record cost, as JSON: `python -m tests.benchmarks.signing`.

Signing a record of 20 frames, whose frames and message were met before or never; redacting its text, context and
logs; and how the time of both grows when a hostile text becomes eight times as long, where 8 is linear.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from aggregator.record import ErrorRecord, ExceptionInfo, Frame
from aggregator.redact import redact_lines, redact_text, redact_value
from aggregator.signature import sign
from aggregator.signature.parameterise import READ
from aggregator.signature.patterns import expression
from tests.pure.secrets import SHAPES

MESSAGE = "could not connect to worker 3 at 10.0.0.1:8080 after 30 seconds for order 'abc', giving up on /var/lib/x "
FRAMES = 20
NEW = 300  # records that were never seen
ROUNDS = 5
HOSTILE = [
    *(
        "a",
        "key=",
        "key=(((",
        "key={",
        '"key": "',
        "://a:b",
        "'a ",
        '"a',
        "[1, ",
        "(",
        "1 ",
        "a1 ",
        "/a",
        "a.",
        "a@",
        "::",
        "\\\\a",
    ),
    *(
        "password '",
        "authorization: digest ",
        "curl -u ",
        "-----BEGIN PRIVATE " + "KEY-----",
        "A" * 20 + "\n",
        "[redacted]",
    ),
    *("2024-", "tmp.", "0x", "1,", "<n> ", "Jan ", "{'a': ", "http://", "C:\\a "),
    *(text for text, _ in SHAPES),
]
NEEDLES = " key private key token :// login basic curl mysql </"  # so that no shape is passed over


def microseconds(call: Callable[[], Any], times: int) -> float:
    """The best of some rounds, each the mean of so many calls."""
    call()
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, (time.perf_counter() - start) / times)
    return round(best * 1e6, 1)


def record(salt: str = "") -> ErrorRecord:
    def frame(i: int) -> Frame:
        file = f"/srv/app/mod{i}{salt}.py" if i % 2 else f"/srv/v/lib/python3.11/site-packages/x/mod{i}{salt}.py"
        return Frame(f"function_{i}{salt}", f"app.mod{i}{salt}", file, i)

    frames = [frame(i) for i in range(FRAMES)]
    return ErrorRecord(message=MESSAGE + salt, exceptions=[ExceptionInfo("ValueError", "builtins", frames=frames)])


def unseen() -> float:
    records = [record(f"_{i}") for i in range(NEW)]
    start = time.perf_counter()
    for new in records:
        sign(new)
    return round((time.perf_counter() - start) / NEW * 1e6, 1)


def growth(call: Callable[[str], Any], size: int) -> dict[str, float | str]:
    """The hostile text for which eight times the length costs most."""
    worst: dict[str, float | str] = {"ratio": 0.0}
    for piece in HOSTILE:
        short, long = ((piece * (n // len(piece) + 1))[:n] + NEEDLES for n in (size, 8 * size))
        costs = [microseconds(lambda text=text: call(text), 1) for text in (short, long)]
        if costs[1] / costs[0] > float(worst["ratio"]):
            worst = {"ratio": round(costs[1] / costs[0], 1), "piece": piece[:24], "us_long": costs[1]}
    return worst


def main() -> None:
    known = record()
    logs = [f"2024-01-02T03:04:05Z INFO app.views: request {i} took {i * 3} ms" for i in range(100)]
    context = {"command": ["tool", "--x", "1"], "cwd": "/srv/app", "python": "3.11", "environment": {"PATH": "/bin"}}
    pattern, _ = expression(frozenset())
    result = {
        "sign_us": {"seen": microseconds(lambda: sign(known), 300), "never seen": unseen()},
        "redact_us": {
            "message": microseconds(lambda: redact_text(MESSAGE), 300),
            "message with a secret": microseconds(lambda: redact_text(MESSAGE + "https://a:b@c/ token=x1y2z3"), 300),
            "context": microseconds(lambda: redact_value(context), 100),
            "100 log lines": microseconds(lambda: redact_lines(logs), 30),
        },
        "growth_8x": {
            "redact": growth(redact_text, 4_096),
            "values": growth(lambda text: pattern.sub("", text), READ // 8),
        },
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()

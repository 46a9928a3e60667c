"""`python -m tests.fuzz MINUTES [TARGET…]`: atheris on each target in turn, the minutes shared among them.

What is tried grows in `.fuzz/TARGET` from run to run. What breaks a target is saved in `tests/fuzz/kept/TARGET`, where
the tests find it; the target is left there, and the exit status is 1.
"""

import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.targets import KEPT, TARGETS

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / ".fuzz"
SHOWN = 10.0  # seconds between two lines of progress
LIMITS = ("-timeout=20", "-rss_limit_mb=3000", "-max_len=20000", "-print_final_stats=1")


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    names = sys.argv[2:] or list(TARGETS)
    seconds = max(int(minutes * 60 / len(names)), 1)
    broken = [name for name in names if not fuzz(name, seconds)]
    print(f"broken: {', '.join(broken)}; see tests/fuzz/kept" if broken else "every law held", flush=True)
    return 1 if broken else 0


def fuzz(name: str, seconds: int) -> bool:
    """Whether nothing broke."""
    corpus, kept = CORPUS / name, KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(corpus), f"-max_total_time={seconds}"]
    command += [*LIMITS, f"-artifact_prefix={CORPUS / name}-"]
    print(f"{name}: {seconds} s", flush=True)
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace") as running:
        follow(name, running, CORPUS / f"{name}.log")
    for slow in CORPUS.glob(f"{name}-timeout-*"):
        kept.mkdir(parents=True, exist_ok=True)
        slow.rename(kept / slow.name.removeprefix(f"{name}-"))
    return running.returncode == 0


def follow(name: str, running: "subprocess.Popen[str]", log: Path) -> None:
    """Everything into the log; now and then a line of progress, and all of what went wrong."""
    told, failing = 0.0, False
    assert running.stderr
    with log.open("w") as file:
        for line in running.stderr:
            file.write(line)
            failing = failing or "Uncaught Python exception" in line or "ERROR: libFuzzer" in line
            if failing or line.startswith("stat::number_of") or (line[:1] == "#" and time.monotonic() - told > SHOWN):
                told = time.monotonic()
                print(f"{name}: {line.rstrip()}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

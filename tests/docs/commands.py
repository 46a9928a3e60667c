"""The commands that README and docs show: each line of each block marked `sh`, in order."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What cannot be run within a test, and why; by the beginning of the line.
ELSEWHERE = {
    "make ": "is what runs this test, or takes minutes; tests/fleet/test_demo.py has the demo",
    "pip install": "needs a package index; `make setup` installs the same from here",
    "sudo ": "needs root and systemd; `make show-install` does it on a machine that boots for it",
    "systemctl ": "needs systemd; `make show-install`",
    "loginctl ": "needs systemd; `make show-install`",
    "mkdir -p ~/.config/systemd": "needs systemd; tests/stage/test_units.py looks at the units",
    "cp systemd/user/": "needs systemd; tests/stage/test_units.py looks at the units",
    "sed -i ": "needs systemd; tests/stage/test_units.py looks at the units",
    "aggregator ban": "needs another member; tests/stage/test_roll.py bans one",
    "aggregator node": "runs for ever; the test starts it",
}


class Command(NamedTuple):
    page: str
    line: str  # without its remark


def blocks(kind: str, page: Path) -> list[str]:
    return [text for language, text in _BLOCK.findall(page.read_text()) if language == kind]


def commands(page: Path) -> Iterator[Command]:
    for block in blocks("sh", page):
        for line in block.splitlines():
            if line.strip():
                yield Command(page.name, re.sub(r"\s+# .*", "", line))


def elsewhere(line: str) -> str:
    """Why it is not run; empty: it is."""
    return next((why for start, why in ELSEWHERE.items() if line.startswith(start)), "")

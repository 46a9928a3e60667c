"""Every verb is documented."""

import re
from pathlib import Path

from node.cli.app import CONFIG, VERBS

ROOT = Path(__file__).parents[1]
DOCUMENTED = (ROOT / "docs" / "cli.md").read_text()
DOCTOR = [*(ROOT / "node" / "doctor").glob("*.py"), ROOT / "node" / "cli" / "doctor.py"]


def test_every_verb_stands_on_its_page():
    names = [verb.name for verb in VERBS] + [f"config {verb.name}" for verb in CONFIG]
    missing = [name for name in names if not re.search(rf"`{name}[ `\[]", DOCUMENTED)]
    assert missing == []


def test_every_check_of_doctor_stands_on_its_page():
    made = re.findall(r'(?:ok|problem|unknown|_failed)\(\s*"(\w+)"', "".join(path.read_text() for path in DOCTOR))
    page = (ROOT / "docs" / "doctor.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(made)

"""Every verb is documented."""

import re
from pathlib import Path

from node.cli.app import CONFIG, VERBS

DOCUMENTED = (Path(__file__).parents[1] / "docs" / "cli.md").read_text()


def test_every_verb_stands_on_its_page():
    names = [verb.name for verb in VERBS] + [f"config {verb.name}" for verb in CONFIG]
    missing = [name for name in names if not re.search(rf"`{name}[ `\[]", DOCUMENTED)]
    assert missing == []

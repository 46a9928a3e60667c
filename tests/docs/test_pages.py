"""Pages that are made from the code are as the code is; what people meet stands on a page."""

import re
from pathlib import Path

from aggregator.notification.event import KINDS
from aggregator.reason import Reason
from node.cli.app import CONFIG, VERBS
from tests.docs.commands import PAGES, ROOT
from tests.library import page

DOCS = ROOT / "docs"
DOCTOR = [*(ROOT / "node" / "doctor").glob("*.py"), ROOT / "node" / "cli" / "doctor.py"]
REFUSED = re.compile(r"BadRecord\(\s*f?[\"'](?:\{[^}]*\} |an? )?(\w+)")


def text(name: str) -> str:
    return (DOCS / name).read_text()


def checks() -> set[str]:
    """What `doctor` may find something about."""
    code = "".join(path.read_text() for path in DOCTOR)
    return set(re.findall(r'(?:ok|problem|unknown|_failed)\(\s*"(\w+)"', code))


def test_every_verb_stands_on_its_page() -> None:
    names = [verb.name for verb in VERBS] + [f"config {verb.name}" for verb in CONFIG]
    assert [name for name in names if not re.search(rf"`{name}[ `\[]", text("cli.md"))] == []


def test_every_check_of_doctor_stands_on_its_page() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", text("doctor.md"), re.MULTILINE)) == checks()


def test_every_symptom_leads_to_checks_that_exist_and_every_check_has_a_symptom() -> None:
    rows = re.findall(r"^\| (?!what you see|---)(.*?) \| (.*?) \|(.*)\|$", text("troubleshooting.md"), re.MULTILINE)
    named = [set(re.findall(r"`(\w+)`", looked)) for _, _, looked in rows]
    assert len(rows) > 15
    assert set[str]().union(*named) == checks()
    without = [what for (_, what, _), each in zip(rows, named, strict=True) if not each]
    assert all("`aggregator " in what for what in without), "where no check helps, a verb does"


def test_every_reason_stands_on_its_page_with_its_text() -> None:
    told = re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", text("reasons.md"), re.MULTILINE)
    assert told == [(reason.name, reason.value) for reason in Reason]


def test_every_word_that_a_record_is_refused_with_stands_there() -> None:
    found = set(REFUSED.findall((ROOT / "aggregator" / "record.py").read_text()))
    words = (found - {"has"}) | {"type", "service", "release"}  # "NAME has n characters"
    told = text("reasons.md").split("## Refused at the ingest socket")[1]
    assert [word for word in sorted(words) if f"`{word}`" not in told] == []
    assert {"count", "message", "exceptions"} <= words


def test_every_way_a_connection_is_ended_stands_on_its_page() -> None:
    code = "".join(path.read_text() for path in (ROOT / "node" / "ingest").glob("*.py"))
    ends = set(re.findall(r'\{"error": "(\w+)"', code)) | {"gap", "storage"}
    assert {"busy", "rate", "stopping"} <= ends
    assert [end for end in sorted(ends) if f"`{end}`" not in text("ingest.md") + text("reasons.md")] == []


def test_every_event_that_is_told_stands_on_its_page() -> None:
    told = re.findall(r"^\| `(\w+)` \| (.*) \|$", text("notifications.md"), re.MULTILINE)
    assert told == list(KINDS.items())


def test_the_library_is_as_its_docstrings_say() -> None:
    assert text("library.md") == page(), "run: python -m tests.library > docs/library.md"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        here = waiting.pop()
        reached.add(here)
        linked = re.findall(r"\]\(([^)#:\s]+\.md)", here.read_text())
        waiting += {(here.parent / each).resolve() for each in linked} - reached
    assert [each.name for each in PAGES if each not in reached] == []

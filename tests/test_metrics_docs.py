"""Every metric is documented, and whatever asks for a metric or a label of it asks for one that exists."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from node.control.metrics import METRICS, PREFIX
from node.measure import ENDED

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "metrics.md").read_text()
SUFFIX = {"counter": "_total", "gauge": ""}
LABELS = {PREFIX + name + SUFFIX[kind.kind]: set(kind.labels) for name, kind in METRICS.items()}
EVERYWHERE = {"instance", "job"}  # Prometheus itself adds these
NAME = re.compile(r"\b((?:error_aggregator|process)_\w+|up\b)(?:\{([^}]*)\})?")
ALERTS = ROOT / "configs" / "prometheus" / "alerts.yml"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "configs" / "grafana" / "error-aggregator.json").read_text())


def rules() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(ALERTS.read_text())["groups"]  # pyright: ignore[reportUnknownMemberType]  # untyped
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """Every expression, with the text that shows its labels."""
    for rule in rules():
        yield rule["expr"], json.dumps(rule["annotations"]).replace("$labels.", "")
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"], target["legendFormat"]
    yield from ((each["expr"], each["titleFormat"]) for each in DASHBOARD["annotations"]["list"])


def test_the_page_has_every_metric_with_its_labels_and_its_text():
    told = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    made = [
        (PREFIX + name + SUFFIX[kind.kind], ", ".join(f"`{label}`" for label in kind.labels), kind.text)
        for name, kind in METRICS.items()
    ]
    assert told == made


def test_every_word_that_a_label_may_have_stands_there():
    code = (ROOT / "node" / "measure.py").read_text() + (ROOT / "node" / "sync.py").read_text()
    queues = re.findall(r'"queue_length", .*?, \("(\w+)",\)', code)
    exchanges = set(re.findall(r'counts\["(\w+)"\]', code)) - {"pages", "bytes"}
    assert {"ingest", "notify"} <= set(queues)
    assert {"compared", "unreachable"} <= exchanges
    assert [word for word in {*queues, *exchanges, *ENDED.values()} if f"*{word}*" not in PAGE] == []


def test_what_alerts_and_dashboard_ask_for_exists_with_the_labels_that_they_use():
    for expression, shown in queries():
        found = NAME.findall(expression)
        assert found, expression
        names = {name for name, _ in found if name.startswith(PREFIX)}
        assert names <= LABELS.keys(), expression
        known = EVERYWHERE.union(*(LABELS[name] for name in names))
        used = {label for _, matchers in found for label in re.findall(r"(\w+)\s*[=!]", matchers)}
        used |= {
            label.strip()
            for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
            for label in labels.split(",")
            if label.strip()
        }
        used |= set(re.findall(r"\{\{ ?(\w+) ?\}\}", shown))
        assert used <= known, expression


def test_every_metric_of_a_rate_is_a_counter():
    for expression, _ in queries():
        for name in re.findall(r"\b(?:rate|increase)\((\w+)", expression):
            assert name.endswith("_total"), expression


def test_every_alert_has_a_condition_and_says_what_it_means():
    for rule in rules():
        assert rule["expr"]
        assert rule["annotations"]["summary"]


def test_the_dashboard_has_panels_that_show_something_and_do_not_cover_each_other():
    panels = DASHBOARD["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    assert all(each["title"] and (each["type"] == "row" or each["targets"]) for each in panels)
    for one, other in combinations((each["gridPos"] for each in panels), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
        assert one["x"] + one["w"] <= 24

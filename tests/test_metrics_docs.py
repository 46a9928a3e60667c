"""Every metric is documented, and every documented metric exists."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from node.control.metrics import METRICS, PREFIX

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "metrics.md").read_text()
SUFFIX = {"counter": "_total", "gauge": ""}


def test_the_page_has_every_metric_with_its_labels_and_its_text():
    told = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    made = [
        (PREFIX + name + SUFFIX[kind.kind], ", ".join(f"`{label}`" for label in kind.labels), kind.text)
        for name, kind in METRICS.items()
    ]
    assert told == made


def test_what_alerts_and_dashboards_ask_for_exists():
    known = {PREFIX + name + SUFFIX[kind.kind] for name, kind in METRICS.items()}
    asked = {
        name
        for path in (ROOT / "configs").rglob("*")
        if path.suffix in (".yml", ".json")
        for name in re.findall(rf"\b{PREFIX}\w+", path.read_text())
    }
    assert asked
    assert asked <= known


def test_every_alert_has_a_condition_and_says_what_it_means():
    text = (ROOT / "configs" / "prometheus" / "alerts.yml").read_text()
    groups: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(text)["groups"]  # pyright: ignore[reportUnknownMemberType]  # untyped
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["expr"]
        assert rule["annotations"]["summary"]

"""The presets are files that load, and whose labels and titles come out as GitHub takes them."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from aggregator import render
from tests.pure.test_render import BUNDLE, RECORD, SETTINGS

PRESETS = sorted((Path(__file__).parents[2] / "configs" / "presets").glob("*.toml"))
EXPECTED = {
    "default": ("bug", "severity:high"),
    "auto-generated": ("auto-generated", "bug", "priority"),
    "cli-error": ("auto-heal", "cli-error", "automated-issue"),
    "workflow-failure": ("auto-heal", "workflow-failure"),
    "ci-plan": ("auto-healing", "workflow-failure", "automated"),
}
TITLES = {
    "auto-generated": "[Auto-Generated] ValueError: order",
    "workflow-failure": "[Auto-Heal] Workflow Failure: shop",
    "ci-plan": "Fix: shop - ValueError",
}


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_makes_the_labels_and_titles_that_it_is_known_for(path: Path):
    preset = tomllib.loads(path.read_text())
    settings = msgspec.structs.replace(SETTINGS, labels=tuple(preset["labels"]), title=preset["title"])
    assert render.labels(BUNDLE, settings)[1:] == EXPECTED.get(path.stem, render.labels(BUNDLE, settings)[1:])
    title = render.title(BUNDLE, RECORD, settings)
    assert title.startswith(TITLES.get(path.stem, ""))
    assert "{" not in title


def test_every_expected_preset_is_there():
    assert {path.stem for path in PRESETS} >= EXPECTED.keys()

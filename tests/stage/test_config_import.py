"""The settings of earlier tools: what they become, what is left out, and what is never taken over."""

import re
from pathlib import Path
from typing import Any

import pytest

from node.config import SETTINGS, ConfigError
from node.config.earlier import LEFT_OUT, VARIABLES, from_environment, from_file
from tests.stage.run_cli import ROOT, Home

TOKEN = "ghp_" + "a1B2" * 9
JSON = """{"enabled": true, "github_repo": "acme/shop", "max_log_lines": 200, "include_stack_trace": false,
    "auto_create_issues": true, "issue_labels": ["auto-heal", "cli-error"], "github_token": "%s", "colour": "red"}"""
BELOW = """\
auto_healing:
  enabled: true
  min_confidence: 70
  rate_limits: {max_prs_per_hour: 7, max_issues_per_hour: 9}
  excluded_workflows: [deploy]
  error_patterns:
    missing: {pattern: "No module named", confidence: 90, fix_type: add, auto_pr: true}
  pr_settings: {create_draft: true, auto_assign_copilot: true, add_labels: [x]}
  issue_settings: {create_issue: true, add_labels: [auto-heal, workflow-failure]}
  notifications: {on_failure_detected: true, on_pr_created: false, on_fix_completed: false}
"""
BESIDE = "auto_healing:\n  enabled: true\n" + re.sub(r"^  ", "", BELOW.split("enabled: true\n")[1], flags=re.MULTILINE)
WORKFLOW = {
    "filing.issues": True,
    "filing.pull_requests": True,
    "filing.pulls_per_hour": 7,
    "filing.issues_per_hour": 9,
    "filing.labels": ["auto-heal", "workflow-failure"],
    "healing.assign_copilot": True,
    "notify.events": ["first", "regression", "failure", "breaker", "human"],
}


def file(directory: Path, text: str) -> Path:
    path = directory / "earlier"
    path.write_text(text)
    return path


def test_every_setting_of_the_json_file_is_taken_over_but_a_token(tmp_path: Path) -> None:
    found = from_file(file(tmp_path, JSON % TOKEN))
    assert found.values == {
        "filing.issues": True,
        "github.repository": "acme/shop",
        "client.max_log_lines": 200,
        "client.include_stack_trace": False,
        "filing.stack_trace": False,
        "filing.labels": ["auto-heal", "cli-error"],
    }
    assert set(found.left_out) == {"github_token", "colour"}
    assert TOKEN not in str(found)


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ('{"enabled": true}', True),
        ('{"enabled": false, "auto_create_issues": true}', False),
        ('{"enabled": true, "auto_create_issues": false}', False),
        ('{"auto_create_issues": true}', False),
        ('{"enabled": "yes", "auto_create_issues": "on"}', True),
        ("auto_healing: {enabled: true, issue_settings: {create_issue: false}}", False),
        ("auto_healing: {enabled: false, issue_settings: {create_issue: true}}", False),
    ],
)
def test_issues_are_filed_where_both_switches_were_on(tmp_path: Path, text: str, issues: bool) -> None:
    assert from_file(file(tmp_path, text)).values["filing.issues"] is issues


@pytest.mark.parametrize("text", [BELOW, BESIDE], ids=["below", "beside"])
def test_the_yaml_file_is_read_in_both_nestings(tmp_path: Path, text: str) -> None:
    found = from_file(file(tmp_path, text))
    assert found.values == WORKFLOW
    assert set(found.left_out) == set(LEFT_OUT)


@pytest.mark.parametrize(
    "text", ["", "[]", "a: [", "auto_healing: 7", "\x00", "x" * 2_000_000, "{" + '"a":{' * 5000, "- " * 5000]
)
def test_what_is_no_settings_file_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="earlier: "):
        from_file(file(tmp_path, text))


def test_variables_are_taken_over_and_the_nearer_of_two_wins() -> None:
    found = from_environment(
        {
            "IPFS_AUTO_ISSUE": "false",
            "IPFS_AUTO_PR": "1",
            "IPFS_AUTO_HEAL": "true",
            "IPFS_KIT_AUTO_HEAL": "true",
            "IPFS_REPO": "acme/shop",
            "GITHUB_REPOSITORY": "acme/ci",
            "GITHUB_TOKEN": TOKEN,
        }
    )
    assert found.values == {
        "filing.issues": "false",
        "filing.pull_requests": "1",
        "healing.assign_copilot": "true",
        "github.repository": "acme/shop",
    }
    assert list(found.left_out) == ["GITHUB_TOKEN"]
    assert TOKEN not in str(found)
    assert from_environment({}).values == {}


async def test_nothing_is_written_before_it_is_asked_for_and_then_comments_stay(tmp_path: Path) -> None:
    home = Home(tmp_path, IPFS_REPO="acme/elsewhere", IPFS_AUTO_ISSUE="true", GITHUB_TOKEN=TOKEN)
    text = "# mine\n[github]\nrepository = 'old/one'  # where\n"
    home.config.write_text(text)
    given = str(file(tmp_path, JSON % TOKEN))
    shown: dict[str, Any] = (await home.run("config", "import", "--env", given, "--json")).json
    changes = {each["key"]: (each["now"], each["new"], each["source"]) for each in shown["changes"]}
    assert changes["github.repository"] == ("old/one", "acme/elsewhere", "IPFS_REPO")
    assert changes["client.max_log_lines"] == (100, 200, "max_log_lines")
    assert (shown["written"], home.config.read_text()) == (False, text)
    ran = await home.run("config", "import", "--env", given, "--write")
    assert ran.code == 0
    assert "written to" in ran.out
    assert "# mine" in home.config.read_text()
    assert "# where" in home.config.read_text()
    assert (await home.run("config", "get", "github.repository")).out.strip() == "acme/elsewhere"
    assert TOKEN not in ran.out + home.config.read_text()
    assert "nothing is to be changed" in (await home.run("config", "import", "--env", given)).out


async def test_a_value_that_cannot_be_is_refused_and_the_others_are_taken_over(tmp_path: Path) -> None:
    home = Home(tmp_path)
    given = str(file(tmp_path, '{"max_log_lines": "many", "github_repo": "acme/shop"}'))
    ran = await home.run("config", "import", given, "--write", "--json")
    assert (ran.code, list(ran.json["refused"])) == (1, ["max_log_lines"])
    assert 'repository = "acme/shop"' in home.config.read_text()
    nothing = await home.run("config", "import")
    assert (nothing.code, "--env" in nothing.err) == (2, True)


def test_every_earlier_name_stands_on_its_page_with_a_key_of_ours() -> None:
    page = (ROOT / "docs" / "coming-from.md").read_text()
    names = [*VARIABLES, *LEFT_OUT, *re.findall(r'^        "([\w.]+)": lambda', EARLIER.read_text(), re.MULTILINE)]
    assert [name for name in names if f"`{name}`" not in page] == []
    sections = "|".join({key.split(".")[0] for key in SETTINGS})
    keys = re.findall(rf"`((?:{sections})\.\w+)`", page)
    assert [key for key in keys if key not in SETTINGS and not key.startswith("aggregator.")] == []
    assert {"filing.issues", "bundle.threshold"} <= set(keys)


EARLIER = ROOT / "node" / "config" / "earlier.py"

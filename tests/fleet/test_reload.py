"""A running node reads its configuration again: on SIGHUP, and by the command line."""

import os
import signal

from tests.fleet.conftest import Start
from tests.fleet.filing_node import BY_HAND
from tests.fleet.shop import eventually


def test_a_hangup_takes_over_what_is_good_and_keeps_the_old_with_a_reason_where_it_is_not(start: Start) -> None:
    node = start(BY_HAND)
    good = node.config.read_text()
    node.config.write_text(good + "max_links = 99\n")  # below [github]
    os.kill(node.pid, signal.SIGHUP)
    eventually(lambda: any("the old configuration stays" in line for line in node.log_lines()), "a reason in the log")
    assert any("github.max_links is no setting" in line for line in node.log_lines())
    assert node.status()["filing"]["enabled"] is True
    node.config.write_text(good.replace("issues = true", "issues = false"))
    os.kill(node.pid, signal.SIGHUP)
    eventually(lambda: node.status()["filing"]["enabled"] is False, "filing is off", shown=node.story)


def test_the_verb_says_what_was_taken_over_and_what_waits_for_the_next_start(start: Start) -> None:
    node = start(BY_HAND)
    again: dict[str, object] = {
        "changed": [],
        "restart": [],
        "token": "environment variable GITHUB_TOKEN",
        "exchanged": False,
    }
    assert node.cli("reload") == again
    assert "nothing has changed" in node.run_cli("reload").stdout
    text = node.config.read_text()
    changed = text.replace("scan_missing = 5", "scan_missing = 6").replace(
        "[filing]", "[election]\ntakeover = 3\n[filing]"
    )
    node.config.write_text(changed)
    told = node.run_cli("reload").stdout
    assert "filing.scan_missing: taken over" in told
    assert "election.takeover: takes effect at the node's next start" in told
    node.config.write_text("[bundle]\nthreshold = 0\n")
    refused = node.run_cli("reload")
    assert refused.returncode == 1
    assert "bundle.threshold is 0" in refused.stderr

"""A running node examines itself: with its own token, and as it is at this moment."""

from typing import Any

from tests.fleet.conftest import Start
from tests.fleet.filing_node import BY_HAND, FilingNode
from tests.fleet.shop import Shop
from tests.sender import error


def examined(node: FilingNode) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and problems."""
    ran = node.run_cli("doctor")
    found: list[dict[str, Any]] = node.cli("doctor", check=False)
    return ran.returncode, [each for each in found if each["state"] == "problem"]


def test_what_breaks_while_the_node_runs_is_found_and_gone_when_it_is_mended(shop: Shop, start: Start) -> None:
    token: str = shop.hub.steer("/tokens", {"login": "passing", "repository": shop.name, "permission": "push"})["token"]
    node = start(BY_HAND, token=token)
    node.spool.chmod(0o700)
    node.report(error(1))
    assert examined(node) == (0, [])
    shop.change(archived=True)
    code, found = examined(node)
    assert (code, [each["check"] for each in found]) == (1, ["repository"])
    assert (found[0]["about"], "unarchive" in found[0]["mend"]) == (shop.name, True)
    shop.change(archived=False)
    node.socket.chmod(0o666)
    code, found = examined(node)
    assert (code, [(each["check"], each["about"]) for each in found]) == (1, [("socket", str(node.socket))])
    node.socket.chmod(0o660)
    there = f'repository = "{shop.name}"'
    node.config.write_text(node.config.read_text().replace(there, f'routes = {{ checkout = "{shop.name}" }}'))
    node.reload()
    code, found = examined(node)
    assert (code, [(each["check"], each["about"]) for each in found]) == (1, [("route", "(no name)")])
    assert "github.repository" in found[0]["mend"]
    shop.hub.steer("/tokens", {"token": node.environment["GITHUB_TOKEN"]}, method="DELETE")
    assert any("make a new one" in each["mend"] for each in examined(node)[1])
    assert shop.issues() == []

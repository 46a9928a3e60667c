"""Finding what a path names, with GitHub's word for each way it may not be there."""

from __future__ import annotations

from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import at_least
from node.demo.github.view.issue import url_of
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found


def issues_disabled(call: Call) -> bool:
    switch = call.world.switches.look("STA-01", call.method, call.path)
    return not call.repository.has_issues or (switch is not None and "number" not in switch.options)


def need_issues(call: Call) -> None:
    if issues_disabled(call):
        raise Problem(410, "Issues are disabled for this repo")


def find_issue(call: Call, repository: Repository, number: int) -> Issue:
    """The issue or pull request of this number. 410 when deleted, 301 when transferred, 404 when there is none."""
    issue = repository.issues.get(number)
    if issue is None:
        raise not_found()
    switch = call.world.switches.look("STA-01", call.method, call.path)
    if issue.deleted or (switch is not None and switch.options.get("number") == number):
        raise Problem(410, "This issue was deleted")
    if issue.moved_to is not None:
        raise moved(call, issue.moved_to)
    if issue.pull is None:
        need_issues(call)
    return issue


def moved(call: Call, issue: Issue) -> Problem:
    if not at_least(call.role_in(issue.repository), "read"):
        return not_found()
    location = url_of(call.links, issue)
    return Problem(301, "Moved Permanently", headers={"Location": location}, extra={"url": location})


def the_issue(call: Call) -> Issue:
    return find_issue(call, call.repository, call.params["number"])


def the_pull(call: Call) -> Issue:
    """The pull request of the path; a plain issue is none."""
    issue = call.repository.issues.get(call.params["number"])
    if issue is None or issue.pull is None or issue.deleted:
        raise not_found()
    return issue


def issue_by_id(call: Call, issue_id: int) -> Issue | None:
    """By database id, in any repository that the asker sees."""
    for repository in call.world.repositories.values():
        if at_least(call.role_in(repository), "read"):
            found = next((issue for issue in repository.issues.values() if issue.id == issue_id), None)
            if found is not None and not found.deleted:
                return found
    return None

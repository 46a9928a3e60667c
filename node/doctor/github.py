"""What stands between this node and its issues: the token, what it may do, and the repositories."""

from aggregator.filing.calls import Failure
from aggregator.reason import Reason
from node.control.state import Finding
from node.doctor.case import Case, Facts, GitHub
from node.doctor.finding import ok, problem, unknown

HOW = (
    "`gh auth login` as the node's user; GITHUB_TOKEN in the node's environment; or, under systemd, "
    "LoadCredential=github-token:/path/to/file (mode 0600); then `aggregator reload`"
)
LIMIT_WAIT = 60.0  # seconds, where GitHub does not say how long
SETTINGS = "https://github.com/settings/tokens"
ISSUES, CONTENTS, PULLS = "Issues: write", "Contents: write", "Pull requests: write"
METADATA = "Metadata: read"
WHAT_FOR = {
    ISSUES: "issues are created, updated and labelled",
    CONTENTS: "claims are git refs, so without it this node may not file",
    PULLS: "draft pull requests",
}


async def token(case: Case) -> list[Finding]:
    """Whether there is one, of which kind, whom it speaks for, and whether that is of use."""
    if case.token_trouble:
        return [problem("token", case.token_trouble, HOW)]
    if case.token is None:
        if case.outward:
            return [problem("token", "no GitHub token was found", HOW)]
        return [ok("token", f"there is none, and none is needed until something is filed ({HOW})")]
    told = f"{case.token.kind} from {case.token.source}"
    if case.config.healing.assign_copilot and not case.token.person:
        found = f"{told}: GitHub's coding agent (healing.assign_copilot) takes tasks only from a person's token"
        return [problem("token", found, "use a personal access token, or switch healing.assign_copilot off")]
    if case.github is None:
        return [unknown("token", f"{told}; GitHub was not asked about it")]
    try:
        login = await case.github.login()
    except Failure as failure:
        return [_failed(case, "token", f"{told}: {failure}", failure, "")]
    return [ok("token", f"{told}, speaks for {login}")]


async def repositories(case: Case) -> list[Finding]:
    """Each repository that is filed to: whether it can be."""
    if not case.repositories:
        if not case.filing:
            return [ok("repository", "none is configured, and nothing is filed")]
        mend = "aggregator enable --github-repo OWNER/REPOSITORY"
        return [problem("repository", "filing is on, but no repository is configured", mend)]
    if case.github is None:
        return [unknown("repository", "GitHub was not asked about it", "", name) for name in case.repositories]
    return [found for name in case.repositories for found in await _repository(case, case.github, name)]


async def _repository(case: Case, github: GitHub, name: str) -> list[Finding]:
    try:
        facts = await github.facts(name, 0.0)  # who asks may just have mended it
        found = _standing(case, facts, name)
        return [found] if found.mend else [found, *(await _permissions(case, github, facts, name))]
    except Failure as failure:
        return [_failed(case, "repository", str(failure), failure, name)]


def _standing(case: Case, facts: Facts, name: str) -> Finding:
    allowed = {each.lower() for each in case.config.filing.public_repositories}
    if facts.archived:
        mend = "unarchive it in its settings, or file to another one"
        return problem("repository", "is archived: nothing can be written to it", mend, name)
    if not facts.has_issues:
        return problem("repository", "has issues disabled", "switch issues on in its settings", name)
    if not facts.private and name.lower() not in allowed:
        named = ",".join([*case.config.filing.public_repositories, name])
        mend = f"aggregator config set filing.public_repositories {named}, or make it private"
        return problem("repository", "is public, and was not allowed by name: error texts would be public", mend, name)
    return ok("repository", "private" if facts.private else "public, and allowed by name", name)


async def _permissions(case: Case, github: GitHub, facts: Facts, name: str) -> list[Finding]:
    scope = "repo" if facts.private else "public_repo"
    scopes = await github.scopes()
    if scopes and not scopes & {scope, "repo"}:
        has = f"the token's scopes are {', '.join(sorted(scopes))}: {scope} is missing"
        return [problem("permission", has, f"add the scope {scope} at {SETTINGS}", name)]
    if not facts.push:
        has = f"the token's account may only read: {CONTENTS} and {ISSUES} are missing"
        return [problem("permission", has, "give that account the role Write in the repository's settings", name)]
    found = [ok("permission", f"{METADATA} is granted", name)]
    for permission in (ISSUES, CONTENTS, PULLS):
        found.append(await _permission(case, github, permission, name))
    return found + await _agent(case, github, name)


async def _permission(case: Case, github: GitHub, permission: str, name: str) -> Finding:
    try:
        reason = await github.lacks(name, permission)
    except Failure as failure:
        return _failed(case, "permission", f"{permission}: {failure}", failure, name)
    if reason is None:
        return ok("permission", f"{permission} is granted", name)
    if reason is Reason.CLAIM_REFUSED:
        return problem("repository", "has no commit yet, and claims need one", "push a first commit", name)
    if permission == PULLS and not case.config.filing.pull_requests:
        return ok("permission", f"{permission} is missing, which matters once filing.pull_requests is on", name)
    mend = f"grant {permission} to the token (or app) for {name}: {SETTINGS}"
    return problem("permission", f"{permission} is missing ({WHAT_FOR[permission]})", mend, name)


async def _agent(case: Case, github: GitHub, name: str) -> list[Finding]:
    if not case.config.healing.assign_copilot:
        return []
    if await github.coding_agent(name):
        return [ok("agent", "GitHub's coding agent can be assigned", name)]
    mend = "enable it for the repository in GitHub's Copilot settings, or switch healing.assign_copilot off"
    return [problem("agent", "GitHub's coding agent cannot be assigned", mend, name)]


def _failed(case: Case, check: str, found: str, failure: Failure, name: str) -> Finding:
    """An answer that is no answer to the question; what it says about token and repository is a finding."""
    if failure.reason is Reason.BAD_CREDENTIALS:
        return problem(check, f"{found} (revoked, or expired)", f"make a new one at {SETTINGS}, and: {HOW}", name)
    if failure.reason is Reason.REPOSITORY_MISSING:
        mend = f"check the name; if it is right, give the token access to it ({METADATA}): {SETTINGS}"
        return problem(check, "does not exist, or the token cannot see it", mend, name)
    if failure.reason is Reason.FORBIDDEN:
        return problem(check, found, f"grant it to the token: {SETTINGS}", name)
    return unknown(check, found, again(case, failure), name)


def again(case: Case, failure: Failure) -> str:
    """What to do where GitHub gave no answer: whose turn it is to act."""
    if failure.reason is Reason.RATE_LIMITED:
        return f"ask again in {failure.retry_after or LIMIT_WAIT:.0f} s: the limit ends by itself"
    if failure.reason is Reason.GITHUB_AWAY:
        url = case.config.github.api_url
        return f"see whether this machine reaches {url} (name, proxy, firewall), or correct github.api_url"
    return "ask again later"

"""Settings of what becomes of errors: when one is due, where it is filed, who is told. Nothing leaves by default."""

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator import limits
from aggregator.notification.event import KINDS
from node.config import kinds
from node.config.kinds import boolean, choice, duration, integer, names, repository, table, text, web_address
from node.config.secret import Secret
from node.config.setting import DAY, HOUR, setting

THRESHOLDS = table("a table of severity = occurrences", integer(1), "|".join(limits.SEVERITIES))
SERVICES = table(
    "a table per service, of threshold or severity = occurrences",
    table("threshold or severity = occurrences", integer(1), "|".join(("threshold", *limits.SEVERITIES))),
)
REPOSITORIES = names('a list of "owner/repository"', kinds.REPOSITORY.pattern)
ROUTES = table('a table of service = "owner/repository"', text('"owner/repository"', kinds.REPOSITORY.pattern))
EVENTS = names("a list of " + ", ".join(f'"{kind}"' for kind in KINDS), "|".join(KINDS))


@dataclass(frozen=True)
class Bundle:
    """When errors are bundled, and when one is due."""

    interval: float = setting(
        duration(1.0, DAY), 900.0, "Time between two bundles; ticks are aligned to whole multiples of it."
    )
    window: float = setting(
        duration(1.0, DAY), 900.0, "Length of a window of a node without a fleet. A fleet's is in its invitation."
    )
    threshold: int = setting(integer(1), 3, "Occurrences within the lookback from which an error is due.")
    lookback: float = setting(duration(60.0, 7 * DAY), DAY, "How far back occurrences count.")
    thresholds: Mapping[str, int] = setting(
        THRESHOLDS, {"critical": 1}, "Thresholds of single severities, instead of `threshold`."
    )
    services: Mapping[str, Mapping[str, int]] = setting(
        SERVICES, {}, "Thresholds of single services: [bundle.services.NAME] with `threshold` or severities."
    )


@dataclass(frozen=True)
class Filing:
    """What is written to GitHub. Nothing, unless it is switched on here."""

    issues: bool = setting(boolean(), False, "File issues.")
    pull_requests: bool = setting(boolean(), False, "Open draft pull requests where a fix is known.")
    paused: bool = setting(boolean(), False, "Write nothing to GitHub for now; all other settings keep their values.")
    public_repositories: tuple[str, ...] = setting(
        REPOSITORIES, (), "Public repositories that may be filed to; any other public one is refused."
    )
    labels: tuple[str, ...] = setting(
        names("a list of labels"),
        ("bug", "severity:{severity}"),
        "Labels of a new issue besides our own, `error-aggregator`.",
    )
    title: str = setting(text(), "{type}: {message} in {function}", "Title of a new issue.")
    stack_trace: bool = setting(boolean(), True, "Put stack traces into issues.")
    takeover_age: float = setting(
        duration(1.0),
        600.0,
        "Age of an unchanged claim before another node may take it over. The default outlasts every request to "
        "GitHub; less than a minute is for trials.",
    )
    update_interval: float = setting(duration(1.0), HOUR, "Least time between two updates of one issue's counts.")
    create_deadline: float = setting(
        duration(1.0, 60.0),
        20.0,
        "Time from winning a claim to sending, else given up. At most a third of takeover_age is granted.",
    )
    relist_gap: float = setting(
        duration(1.0),
        120.0,
        "Time between the two lists before a taken-over claim creates. At most takeover_age is waited.",
    )
    scan_missing: int = setting(integer(1, 1000), 20, "Issue numbers in a row that do not exist before a scan ends.")
    regression: str = setting(
        choice("reopen", "new-linked", "comment"), "reopen", "What happens when a closed error occurs again."
    )
    closing_grace: float = setting(duration(), 900.0, "Time after closing in which an occurrence is no regression.")
    flap_limit: int = setting(integer(1, 100), 3, "Times an issue is reopened before it is left to a human.")
    issues_per_hour: int = setting(integer(0), 20, "New issues per repository and hour, of the whole fleet.")
    issues_per_day: int = setting(integer(0), 50, "New issues per repository and day, of the whole fleet.")
    pulls_per_hour: int = setting(integer(0), 10, "New pull requests per repository and hour, of the whole fleet.")
    pulls_per_day: int = setting(integer(0), 10, "New pull requests per repository and day, of the whole fleet.")


@dataclass(frozen=True)
class Github:
    """Where GitHub is, and which repository gets what. Tokens are never kept in this file."""

    api_url: str = setting(
        text("an http or https address without user or password", r"https?://[!-?A-~]+"),
        "https://api.github.com",
        "GitHub's REST API.",
    )
    repository: str = setting(repository(), "", "Repository of services without a route. Empty: they are not filed.")
    routes: Mapping[str, str] = setting(ROUTES, {}, "Repository by service.")
    write_interval: float = setting(
        duration(0.0, 60.0), 1.0, "Least time between two writes; GitHub asks for a second or more."
    )
    app_id: int = setting(integer(0), 0, "Id of a GitHub App that files, instead of a token. 0: none.")
    installation_id: int = setting(integer(0), 0, "Id of that App's installation.")
    app_key_file: str = setting(
        text("a path"), "", "The App's private key, mode 0600. Empty: the systemd credential github-app-key."
    )


@dataclass(frozen=True)
class Election:
    """Who files."""

    takeover: float = setting(duration(0.1, 600.0), 2.0, "Time that each further rank waits for the one before it.")


@dataclass(frozen=True)
class Healing:
    """What is done about filed errors."""

    assign_copilot: bool = setting(boolean(), False, "Assign GitHub's coding agent to issues without a known fix.")


@dataclass(frozen=True)
class Notify:
    """Who is told at once, besides the issues. Nobody, unless a command or a webhook stands here."""

    command: tuple[str, ...] = setting(
        names("a list: a program and its arguments"),
        (),
        "Is run for each notification, without a shell, with the notification as JSON on standard input. Empty: none.",
    )
    webhook: Secret = setting(  # noqa: RUF009  # this call makes a field
        web_address(),
        Secret(""),
        "Each notification is posted there as JSON. Better kept out of this file: the systemd credential "
        "notify-webhook, which wins, or AGGREGATOR_NOTIFY_WEBHOOK.",
    )
    events: tuple[str, ...] = setting(EVENTS, tuple(KINDS), "What is told.")
    interval: float = setting(
        duration(1.0, DAY), 10.0, "Least time between two notifications; what happens meanwhile is told in one."
    )
    timeout: float = setting(duration(0.1, 60.0), 10.0, "Time that the command, or one attempt to post, may take.")

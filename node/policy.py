"""What the configuration says, in the domain's own words."""

from aggregator.due import Policy
from aggregator.filing.settings import Caps, Settings
from node.config import Config

DEADLINES_WITHIN_TAKEOVER = 3  # so that who holds a claim has long given up when another may take it over


def policy_of(config: Config) -> Policy:
    """When an error is due, and where it goes."""
    bundle = config.bundle
    return Policy(
        threshold=bundle.threshold,
        by_severity=bundle.thresholds,
        by_service={name: own["threshold"] for name, own in bundle.services.items() if "threshold" in own},
        repository=config.github.repository,
        routes=config.github.routes,
    )


def settings_of(config: Config, node: str, login: str, marker_key: bytes) -> Settings:
    """How issues are filed. `login`: of the token; empty where there is none and texts are only shown."""
    filing, github = config.filing, config.github
    repositories = {github.repository, *github.routes.values()} - {""}
    return Settings(
        node=node,
        login=login,
        marker_key=marker_key,
        takeover_age=filing.takeover_age,
        create_deadline=min(filing.create_deadline, filing.takeover_age / DEADLINES_WITHIN_TAKEOVER),
        relist_gap=min(filing.relist_gap, filing.takeover_age),
        missing_in_a_row=filing.scan_missing,
        update_interval=filing.update_interval,
        closing_grace=filing.closing_grace,
        regression=filing.regression,  # pyright: ignore[reportArgumentType]  # the configuration's kind allows only these
        flap_limit=filing.flap_limit,
        caps=Caps(filing.issues_per_hour, filing.issues_per_day),
        labels=filing.labels,
        title=filing.title,
        stack_trace=filing.stack_trace,
        repositories=frozenset(name.lower() for name in repositories),
    )


def issue_address(config: Config, repository: str, number: int) -> str:
    """Where a person finds an issue. On an enterprise server the API stands below the site."""
    api = config.github.api_url.rstrip("/")
    site = "https://github.com" if api == "https://api.github.com" else api.removesuffix("/api/v3")
    return f"{site}/{repository}/issues/{number}"

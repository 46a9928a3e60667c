"""`aggregator status`: how the node is, what it files, and with which settings."""

from rich.console import Group, RenderableType
from rich.text import Text

from node.cli.tables import fields, why
from node.cli.verb import Cli, Verb
from node.control.rows import Summary
from node.control.state import Status


def run(cli: Cli) -> Status:
    """Show how the node is, what it files, and with which settings."""
    return cli.node.status()


def table(status: Status) -> RenderableType:
    token = f"present ({status.github_token.source})" if status.github_token.present else "not found"
    settings = fields(
        [
            ("Enabled", status.enabled),
            ("Configured", status.configured),
            ("Repository", status.repository),
            ("GitHub Token", token),
            ("Auto-create issues", status.auto_create_issues),
            ("Max log lines", status.max_log_lines),
            ("Issue labels", status.issue_labels),
        ]
    )
    return Group(settings, Text(), _node(status), Text(), _filing(status))


def _node(status: Status) -> RenderableType:
    return fields(
        [
            ("Node", f"{status.node}, version {status.version}, since {status.started}"),
            ("Configuration", " or ".join(status.config_files)),
            ("Peers", f"{len(status.peers)} ({'settled' if status.settled else 'not settled yet'})"),
            ("Received", status.received),
            ("Acknowledged", status.acknowledged),
            ("Refused", status.refused),
            ("Told to wait", status.told_to_wait),
            *((("Storage", status.storage),) if status.storage else ()),
            *(("Warning", each) for each in status.warnings),
            ("Gossip", status.gossip),
        ]
    )


def _filing(status: Status) -> RenderableType:
    filing = status.filing
    return fields(
        [
            ("Leader", status.leader),
            ("Filing", "paused" if filing.paused else "on" if filing.enabled else "off"),
            ("Due", filing.pending),
            *((f"  {count:,}", why(reason)) for reason, count in filing.waiting.items()),
            *((f"  {repository}", why(reason)) for repository, reason in filing.trouble.items()),
            ("Last bundle", _summary(status.bundle) if status.bundle else "none yet"),
        ]
    )


def _summary(summary: Summary) -> str:
    return (
        f"{summary.at}: {summary.unique:,} unique, {summary.meeting_threshold:,} meeting threshold, "
        f"{summary.created:,} created, {summary.existing_checked:,} existing checked"
    )


VERB = Verb("status", run, table, watch=True)

"""`aggregator enable`: let this node file issues."""

from typing import Annotated

import typer

from node.cli.settings import Changed, change, code, table
from node.cli.verb import Cli, Verb

NOT_STORED = (
    "the token of --github-token was not stored, and the node does not have it. Give it to the node in one of these "
    "ways: `gh auth login` as the node's user; GITHUB_TOKEN in the node's environment; or, under systemd, "
    "LoadCredential=github-token:/path/to/file (mode 0600)"
)
NO_REPOSITORY = "no repository is configured yet: aggregator enable --github-repo owner/repository"


def run(
    cli: Cli,
    github_repo: Annotated[str, typer.Option(help="Repository that issues go to.", metavar="OWNER/REPO")] = "",
    github_token: Annotated[str, typer.Option(help="Is not stored: says how to give it to the node.")] = "",
) -> Changed:
    """Let this node file issues. What `disable` switched off comes back as it was."""
    filing, github = cli.loaded.config.filing, cli.loaded.config.github
    values: dict[str, object] = {}
    if filing.paused:
        values["filing.paused"] = False
    if not filing.paused or not (filing.issues or filing.pull_requests):
        values["filing.issues"] = True
    if github_repo:
        values["github.repository"] = github_repo
    warnings = [NOT_STORED] if github_token else []
    if not (github_repo or github.repository or github.routes):
        warnings.append(NO_REPOSITORY)
    return change(cli, values, tuple(warnings))


VERB = Verb("enable", run, table, code, writes=True)

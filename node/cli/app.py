"""All verbs, in the order of `aggregator --help`: set up, look, report, decide, configure."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli import (
    ban,
    bundle,
    bundles,
    config_check,
    config_get,
    config_import,
    config_set,
    config_show,
    demo,
    disable,
    doctor,
    enable,
    errors,
    exec_,
    explain,
    forget,
    init,
    invite,
    issues,
    join,
    leader,
    merge,
    mute,
    node,
    notify,
    peers,
    preview,
    refile,
    reload,
    report,
    resume,
    rotate_key,
    show,
    split,
    stats,
    status,
    unmute,
)
from node.cli.verb import Cli, Verb, command

VERBS: tuple[Verb, ...] = (
    init.VERB,
    invite.VERB,
    join.VERB,
    node.VERB,
    status.VERB,
    errors.VERB,
    show.VERB,
    explain.VERB,
    bundles.VERB,
    bundle.VERB,
    issues.VERB,
    peers.VERB,
    leader.VERB,
    stats.VERB,
    preview.VERB,
    report.VERB,
    exec_.VERB,
    mute.VERB,
    unmute.VERB,
    forget.VERB,
    refile.VERB,
    merge.VERB,
    split.VERB,
    ban.VERB,
    rotate_key.VERB,
    enable.VERB,
    disable.VERB,
    disable.PAUSE,
    resume.VERB,
    reload.VERB,
    notify.VERB,
    doctor.VERB,
    demo.VERB,
)
OWN_OPTIONS_ONLY = {"allow_interspersed_args": False}  # what follows the first word belongs to the command
CONFIG: tuple[Verb, ...] = (config_show.VERB, config_get.VERB, config_set.VERB, config_check.VERB, config_import.VERB)


def make() -> typer.Typer:
    app = _typer("A peer-to-peer error aggregator: every machine counts, one files, any may die.")
    app.callback()(_start)
    config = _typer("Show and change settings.")
    for verbs, into in ((VERBS, app), (CONFIG, config)):
        for verb in verbs:
            into.command(verb.name, context_settings=OWN_OPTIONS_ONLY if verb is exec_.VERB else {})(command(verb))
    app.add_typer(config, name="config")
    return app


def main() -> None:
    make()()


def _start(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="The configuration file.")] = None,
    socket: Annotated[Path | None, typer.Option(help="The node's control socket.")] = None,
) -> None:
    context.obj = Cli(config_path=config, socket=socket)


def _typer(text: str) -> typer.Typer:
    return typer.Typer(help=text, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

"""`python -m node.demo.github`: the stand-in alone, in the foreground, until it is interrupted."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

import trio

from node.demo.github.server import Options, serve


def options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m node.demo.github", description="A GitHub on loopback, for demo and tests."
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free port (default)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: loopback); another only in a network where nobody else is",
    )
    parser.add_argument(
        "--repository", default="acme/shop", help="owner/name of the repository that is there from the start"
    )
    parser.add_argument("--public", action="store_true", help="make that repository public (default: private)")
    parser.add_argument("--directory", type=Path, help="keep the bare git repositories here (default: temporary)")
    parser.add_argument("--strict-limits", action="store_true", help="let the rate limits refuse (default: only count)")
    parser.add_argument("--search-lag", type=float, default=2.0, help="seconds until search finds something new")
    parsed = parser.parse_args(arguments)
    return Options(
        port=parsed.port,
        host=parsed.host,
        repository=parsed.repository,
        public=parsed.public,
        directory=parsed.directory,
        strict_limits=parsed.strict_limits,
        search_lag=parsed.search_lag,
    )


async def run(chosen: Options) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with serve(chosen) as standin:
            print(json.dumps(standin.facts()), flush=True)
            async for _ in signals:
                return


def main() -> int:
    chosen = options(sys.argv[1:])
    try:
        trio.run(run, chosen)
    except OSError as error:
        print(f"cannot listen on {chosen.host}:{chosen.port}: {error}; choose another --port", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

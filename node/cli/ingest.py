"""Report one record over the ingest socket, as a shell would: one line of JSON there, one line back."""

import socket
from pathlib import Path
from typing import Any

import msgspec

from node.cli.verb import Problem
from node.control.client import Unreachable

SECONDS = 5.0  # for an answer
ANSWER_BYTES = 64 * 1024


class Reported(msgspec.Struct, frozen=True):
    signature: str
    issue: str  # its address; empty: queued


def report(path: Path, record: dict[str, Any], seconds: float = SECONDS) -> Reported:
    """Report `record`. Raises `Unreachable`, and `Problem` where the node refuses it."""
    answer = _exchange(path, msgspec.json.encode(record) + b"\n", seconds)
    if answer.get("error"):
        raise Problem(f"{path}: the node takes nothing now ({answer['error']}): try again later")
    for refused in answer.get("refused", ()):
        raise Problem(f"the node refused the record: {refused.get('reason', 'without a reason')}")
    return Reported(str(answer.get("signature", "")), str(answer.get("issue") or ""))


def _exchange(path: Path, line: bytes, seconds: float) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(seconds)
        try:
            stream.connect(str(path))
            stream.sendall(line)
            with stream.makefile("rb") as answers:
                return msgspec.json.decode(answers.readline(ANSWER_BYTES), type=dict[str, Any])
        except (OSError, msgspec.DecodeError) as error:
            remedy = "start one with `aggregator node`, or name its socket with AGGREGATOR_SOCKET"
            raise Unreachable(path, f"no node takes errors there ({error})", remedy) from None

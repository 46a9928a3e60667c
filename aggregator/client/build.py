"""From what was taken in the caller to the plain map that goes over the wire. Runs in the sender thread.

A repeat must cost little: frames are remembered by their code object and line, log lines by themselves, and the
surroundings are made once. Everything here passes redaction before it is put into the map.
"""

from __future__ import annotations

import os
import time

import aggregator
from aggregator import limits
from aggregator.client.logring import TAKEN_CHARS
from aggregator.client.private import private, private_lines, tilde
from aggregator.client.sources import Sources
from aggregator.client.surroundings import surroundings, working_directory
from aggregator.client.text import clean, cut, exact
from aggregator.client.values import plain
from aggregator.redact import redact_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType
    from typing import Any

    from aggregator.client.capture import Capture
    from aggregator.client.logring import Line
    from aggregator.client.settings import Settings
    from aggregator.client.snapshot import FrameTaken, Taken

FRAMES_KNOWN = 4_096  # remembered; then all are forgotten
RECORD_FRAMES = 600  # of all exceptions of one record together; more would not fit into a frame of the wire
KEY_SIGN = "PRIVATE KEY"  # in the first and the last line of a key that runs over several
OWN_FILES = os.path.join(os.path.dirname(os.path.abspath(aggregator.__file__)), "client") + os.sep
LIBRARY_FOLDERS = ("site-packages", "dist-packages")
STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


class Builder:
    """Makes records. Not for several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._sources = Sources()
        self._frames: dict[tuple[int, int], tuple[CodeType, dict[str, Any]]] = {}
        self._surroundings: dict[str, Any] | None = None

    def record(self, capture: Capture) -> dict[str, Any]:
        """The record without its number. May raise what a hostile object raises."""
        record: dict[str, Any] = {
            "id": capture.id,
            "message": message(capture.message),
            "type": name(private(capture.type)) or "Error",
            "service": name(capture.service or self.settings.service),
            "release": name(capture.release or self.settings.release),
            "time": rfc3339(capture.time),
            "logs": log_lines(capture.logs[-limits.LOG_LINES :]),
            "context": self._context(capture),
        }
        if capture.chain:
            record["exceptions"] = self._exceptions(capture.chain)
            record["messages"] = [message(taken.message) for taken in capture.chain[1:]]
        return record | extras(capture)

    def _exceptions(self, chain: list[Taken]) -> list[dict[str, Any]]:
        exceptions: list[dict[str, Any]] = []
        room = RECORD_FRAMES
        for taken in chain:
            frames = [frame for each in taken.frames if (frame := self._frame(each)) is not None]
            frames = ends(frames, room)
            room -= len(frames)
            one = {"type": type_name(taken.type), "module": module_name(taken.type), "frames": frames}
            exceptions.append(one | ({"link": taken.link, "parent": taken.parent} if taken.link else {}))
        return exceptions

    def _frame(self, taken: FrameTaken) -> dict[str, Any] | None:
        """The frame as a map; None for our own, which are no part of the program."""
        code, line, module = taken
        known = self._frames.get((id(code), line))
        if known is not None:
            return known[1]
        if code.co_filename.startswith(OWN_FILES):
            return None
        if len(self._frames) >= FRAMES_KNOWN:
            self._frames.clear()
        frame = self._new_frame(code, line, module)
        self._frames[id(code), line] = (code, frame)  # with the code object: its id is not given to another
        return frame

    def _new_frame(self, code: CodeType, line: int, module: object) -> dict[str, Any]:
        frame: dict[str, Any] = {
            "function": name(code.co_qualname),
            "module": name(exact(module, limits.NAME_CHARS)),
            "file": name(tilde(code.co_filename)),
            "line": line or 0,
            "source": private(self._sources.line(code.co_filename, line or 0)),
        }
        return frame | ({"in_app": False} if is_library(code.co_filename) else {})

    def _context(self, capture: Capture) -> dict[str, Any]:
        if self._surroundings is None:
            self._surroundings = surroundings(self.settings)
        context = {**self._surroundings, "cwd": working_directory(), "thread": name(capture.thread)}
        own = plain(capture.context or {})
        context |= redact_value(own) if isinstance(own, dict) else {}
        return context | _remarks(capture)


def _remarks(capture: Capture) -> dict[str, Any]:
    remarks: dict[str, Any] = {}
    if left_out := sum(taken.left_out for taken in capture.chain):
        remarks["frames_left_out"] = left_out
    if notes := [message(note) for taken in capture.chain for note in taken.notes]:
        remarks["notes"] = notes[:10]
    return remarks


def extras(capture: Capture) -> dict[str, Any]:
    """The fields that are sent only where they say something."""
    given: dict[str, Any] = {}
    if capture.severity in limits.SEVERITIES:
        given["severity"] = capture.severity
    if capture.fingerprint:
        given["fingerprint"] = _fingerprint(capture.fingerprint)
    if capture.count != 1:
        given["count"] = max(1, min(int(capture.count), limits.COUNT))
    flags = {"handled": capture.handled, "ended": capture.ended, "want": capture.answer is not None}
    return given | {flag: True for flag, value in flags.items() if value}


def _fingerprint(fingerprint: Sequence[str]) -> list[str]:
    parts = [fingerprint] if isinstance(fingerprint, str) else list(fingerprint)
    return [name(private(str(part))) for part in parts[: limits.FINGERPRINT_PARTS]]


def message(text: str) -> str:
    """A message as it is sent: redacted, then cut, so that no half of a secret is left at the cut."""
    return cut(private(text), limits.MESSAGE_CHARS)


def log_lines(lines: Sequence[Line | str]) -> list[str]:
    """Log lines as they are sent. What a line of the ring has become is remembered, save around a key of many lines."""
    texts = [exact(line if isinstance(line, str) else line.text, TAKEN_CHARS) for line in lines]
    if any(isinstance(line, str) for line in lines) or any(KEY_SIGN in text for text in texts):
        return [_log_line(line, text) for line, text in zip(lines, private_lines(texts), strict=True)]
    for line, text in zip(lines, texts, strict=True):
        if not isinstance(line, str) and line.final is None:
            line.final = _log_line(line, private(text))
    return [line if isinstance(line, str) else line.final or "" for line in lines]


def _log_line(line: Line | str, text: str) -> str:
    if isinstance(line, str):
        return cut(text, limits.LOG_LINE_CHARS)
    moment = f"{time.strftime('%H:%M:%S', time.gmtime(line.time))}.{int(line.time * 1000) % 1000:03d}"
    return cut(f"{moment} {line.level} {name(line.logger)}: {text}", limits.LOG_LINE_CHARS)


def name(text: str) -> str:
    """A name as it is sent."""
    return clean(exact(text, limits.NAME_CHARS))


def type_name(kind: type) -> str:
    """The class's name within its module."""
    return name(kind.__qualname__) or "Error"


def module_name(kind: type) -> str:
    """The class's module."""
    return name(exact(getattr(kind, "__module__", ""), limits.NAME_CHARS))


def ends(frames: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """At most `room` frames, of both ends."""
    if len(frames) <= room:
        return frames
    half = max(room, 2) // 2
    return frames[:half] + frames[-half:]


def is_library(file: str) -> bool:
    """Whether `file` surely is no part of the program: the node decides about the rest."""
    in_packages = any(folder in file for folder in LIBRARY_FOLDERS)
    return in_packages or file.startswith(("<frozen ", STANDARD_LIBRARY))


def rfc3339(seconds: float) -> str:
    """Unix seconds as an aware UTC time with microseconds."""
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{micro:06d}+00:00"

"""The same message in other words: other versions of Python and other operating systems say some things differently.

Each replacement is looked for by a literal first, so that a message that none concerns costs a few look-ups.
"""

# ruff: noqa: E501 - an expression reads better on one line than in pieces

import re
from collections.abc import Callable

# Windows says in the user's own language what the error code says in all.
_WINDOWS = {
    "2": "No such file or directory",
    "3": "No such file or directory",
    "5": "Permission denied",
    "13": "Permission denied",
    "17": "File exists",
    "183": "File exists",
    "32": "Permission denied",
    "112": "No space left on device",
    "145": "Directory not empty",
    "267": "Not a directory",
    "10013": "Permission denied",
    "10048": "Address already in use",
    "10049": "Cannot assign requested address",
    "10053": "Software caused connection abort",
    "10054": "Connection reset by peer",
    "10057": "Transport endpoint is not connected",
    "10060": "Connection timed out",
    "10061": "Connection refused",
    "10065": "No route to host",
}


def _windows(match: re.Match[str]) -> str:
    words = _WINDOWS.get(match["code"])
    return f"[Errno {match['code']}] {words}" if words else match[0].replace("WinError", "Errno")


_TABLE: tuple[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    ("[WinError", re.compile(r"\[WinError (?P<code>\d{1,6})\] [^:'\"\[\]]{0,300}+(?<![ .])\.?"), _windows),
    ("Operation timed out", re.compile(r"Operation timed out"), "Connection timed out"),  # macOS
    ("Can't assign requested", re.compile(r"Can't assign requested address"), "Cannot assign requested address"),
    ("Socket is not conn", re.compile(r"Socket is not connected"), "Transport endpoint is not connected"),
    (
        "[Errno ",
        re.compile(
            r"\[Errno -?\d{1,6}\] (?:Name or service not known|nodename nor servname provided, or not known|getaddrinfo failed"
            r"|Name does not resolve|No address associated with hostname)"
        ),
        "[Errno 0] Name or service not known",
    ),
    ("id you mean", re.compile(r"[.:;]? ?\(?[Dd]id you mean:? [^?]{0,200}\?\)?\.?"), ""),
    ("recursion depth exceeded", re.compile(r"(maximum recursion depth exceeded).{0,200}"), r"\1"),
    ("recursion depth exceeded", re.compile(r"Stack overflow .{0,200}"), "maximum recursion depth exceeded"),
    ("too many values to unpack", re.compile(r"(too many values to unpack \(expected \d{1,9}), got \d{1,9}\)"), r"\1)"),
    (
        " by zero",
        re.compile(r"(?:float |integer |complex )?(?:floor )?(?:division|modulo|divmod\(\))(?: or modulo)? by zero"),
        "division by zero",
    ),
    ("is not a container or iterable", re.compile("is not a container or iterable"), "is not iterable"),
    ("(unhashable type", re.compile(r"cannot use '[^']{1,200}' as a [a-z ]{1,20} \((unhashable type: '[^']{1,200}')\)"), r"\1"),
    ("can't be awaited", re.compile(r"'([^']{1,200})' object can't be awaited"), r"object \1 can't be used in 'await' expression"),
    ("sub-exception", re.compile(r" ?\(\d{1,9} sub-exceptions?\)"), ""),
    ("Path(", re.compile(r"\b(?:Pure)?(?:Posix|Windows)Path\("), "Path("),
    ("in position", re.compile(r"(characters?|bytes?)(?: '[^']{1,12}'| 0x[0-9a-f]{2})? in position \d{1,12}(?:-\d{1,12})?"), "data in position 0"),
    ("\x1b[", re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]"), ""),
)  # fmt: skip


def common_wording(text: str) -> str:
    """`text` as CPython 3.11 on Linux would say it, where that is known."""
    for literal, pattern, replacement in _TABLE:
        if literal in text:
            text = pattern.sub(replacement, text)
    return text

"""TOML as text: what stands in it, on which line each key is, and where it stops being TOML.

The parser says of a fault what it met, and only in words; so its words are taken apart here, and what would have been
right is put beside them. A place is `FILE:LINE:COLUMN`, as editors jump to it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from node.config.kinds import looks_like_token
from node.config.words import CREDENTIAL_REMEDY, ConfigError, said

PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
TEXTS = re.compile(  # and remarks: what stands in them is neither key nor bracket
    r'"{3}(?:\\.|[^\\])*?"{3,5}' r"|'{3}.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*", re.DOTALL
)
ANY_VALUE = '"text" in quotes, a number, true or false, a list [a, b], or a table {a = 1}'
EXPECTED: Mapping[str, str] = {  # by the beginning of what the parser says
    "Invalid statement": "KEY = VALUE, [SECTION], or # and a remark",
    "Invalid value": ANY_VALUE,
    "Invalid initial character for a key part": 'a name of letters, digits, - and _, or "any other" in quotes',
    "Cannot declare": "each [SECTION] once",
    "Cannot overwrite a value": "each key once",
    "Cannot mutate immutable": "a table {a = 1} to be complete where it stands",
    "Cannot redefine namespace": "each [SECTION] once",
    "Duplicate inline table key": "each key once",
    "Unclosed array": 'a comma or "]"',
    "Unclosed inline table": 'a comma or "}"',
    "Unterminated string": "the quotes at its end",
    "Unescaped": r"\\ for a backslash in \"text\", or 'text' in which it stands for itself",
    "Illegal character": "the quotes at its end, on the same line",
    "Invalid hex value": r"\u and four hexadecimal digits",
}


def parse(path: Path, text: str) -> dict[str, Any]:
    """The tables in `text`, which is what stands in `path`. Raises `ConfigError`."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{path}: not TOML that can be read: expected less deep nesting") from None
    except ValueError as error:  # beside its own, the parser lets an integer's limit out
        raise ConfigError(_fault(path, text, error)) from None


def decode(path: Path, data: bytes) -> str:
    """The text of a file. Raises `ConfigError`."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        where = f"{path}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise ConfigError(f"{where}: not TOML: byte 0x{data[error.start]:02x} is no text: expected UTF-8") from None


def _fault(path: Path, text: str, error: ValueError) -> str:
    found = PLACE.search(str(error))
    if not found:
        return f"{path}: not TOML: {said(str(error))}"
    lines = text.rstrip().split("\n")
    line, column = (found[1], found[2]) if found[1] else (len(lines), len(lines[-1]) + 1)
    given = str(error)[: found.start()]
    words, remedy = said(given), f", and {CREDENTIAL_REMEDY}" if looks_like_token(given) else ""
    ends = "" if found[1] else ", at the end of the file"
    expected = next((right for left, right in EXPECTED.items() if words.startswith(left)), "")
    return f"{path}:{line}:{column}: not TOML: {words}{ends}" + (f": expected {expected}" if expected else "") + remedy


def lines_of(text: str) -> dict[str, int]:
    """The line of each dotted key and section in `text`, which is TOML; good enough for messages."""
    found: dict[str, int] = {}
    section = ""
    for number, line in _beginnings(text):
        if header := re.match(r"\s*\[+\s*([^\[\]]+?)\s*\]", line):
            section = _dotted(header[1])
            found.setdefault(section, number)
        elif pair := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            found.setdefault(".".join(filter(None, (section, _dotted(pair[1])))), number)
    return found


def _beginnings(text: str) -> Iterator[tuple[int, str]]:
    """The lines where a key or a section may stand: those that do not begin within a text or a list, numbered."""
    inside = 0  # of so many brackets
    lines = TEXTS.sub(lambda found: "\n" * found[0].count("\n") or found[0], text).split("\n")
    brackets = TEXTS.sub(lambda found: "\n" * found[0].count("\n"), text).split("\n")
    for number, (line, within) in enumerate(zip(lines, brackets, strict=True), 1):
        if not inside:
            yield number, line
        inside += sum(map(within.count, "[{")) - sum(map(within.count, "]}"))


def line_of(lines: Mapping[str, int], key: str) -> int:
    """Of the key, of anything below it, or of its section."""
    below = (number for name, number in lines.items() if name.startswith(key + "."))
    return lines.get(key) or min(below, default=0) or lines.get(key.partition(".")[0], 1)


def _dotted(given: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in given.split("."))

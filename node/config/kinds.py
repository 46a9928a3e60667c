"""Kinds of configuration values: how each is read from TOML or from text, what is expected, how it is written back."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

from node.config.secret import Secret

T = TypeVar("T")

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}  # seconds
SIZES = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
LAST_PORT = 65_535
REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
TOKEN = re.compile(r"gh[pousr]_[A-Za-z0-9]{8,}|github_pat_[A-Za-z0-9_]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY")


class BadValue(ValueError):
    """A value that is refused; the kind says what was expected."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """`read` takes what TOML gives; `parse` takes text (environment, command line) to what TOML would give."""

    expected: str
    read: Callable[[object], T]
    parse: Callable[[str], object]
    write: Callable[[T], object] = lambda value: value  # to what TOML can hold
    secret: bool = False  # never shown
    entry: "Kind[Any] | None" = None  # of a table: of what its names stand for


def boolean() -> Kind[bool]:
    def parse(text: str) -> object:
        words = {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }
        return words.get(text.strip().lower(), text)

    return Kind("true or false", lambda value: _typed(value, bool), parse)


def integer(low: int, high: int = 2**31) -> Kind[int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise BadValue
        return value

    return Kind(f"a whole number from {low} to {high}", read, _parse_integer)


def duration(low: float = 0.0, high: float = 366 * 86_400.0) -> Kind[float]:
    def read(value: object) -> float:
        seconds = read_duration(value)
        if not low <= seconds <= high:
            raise BadValue
        return seconds

    bounds = f'from "{write_duration(low)}" to "{write_duration(high)}"'
    return Kind(f'seconds, or a duration such as "15m", "2s" or "24h", {bounds}', read, str, write_duration)


def size(low: int) -> Kind[int]:
    def read(value: object) -> int:
        bytes_ = read_size(value)
        if bytes_ < low:
            raise BadValue
        return bytes_

    return Kind(f'bytes, or a size such as "512MiB", at least "{write_size(low)}"', read, str, write_size)


def text(expected: str = "text", pattern: str = r"[^\n\r\x00]*") -> Kind[str]:
    def read(value: object) -> str:
        value = _typed(value, str)
        if not re.fullmatch(pattern, value):
            raise BadValue
        return value

    return Kind(expected, read, str)


def repository() -> Kind[str]:
    return text('"owner/repository", or "" for none', f"(?:{REPOSITORY.pattern})?")


def choice(*names: str) -> Kind[Any]:
    def read(value: object) -> str:
        if value not in names:
            raise BadValue
        return str(value)

    return Kind("one of " + ", ".join(f'"{name}"' for name in names), read, str)


def web_address() -> Kind[Secret]:
    """Where something is posted to. Who knows such an address may post there, too: so it is a secret."""

    def read(value: object) -> Secret:
        given = _typed(value, str).strip()
        if given and not postable(given):
            raise BadValue
        return Secret(given)

    return Kind('an https address, or "" for none', read, str, Secret.reveal, secret=True)


def loopback() -> Kind[str]:
    """Where something listens that only this machine may reach."""

    def read(value: object) -> str:
        given = _typed(value, str)
        if given and not _on_loopback(given):
            raise BadValue
        return given

    example = 'such as "127.0.0.1:9464" (localhost, 127.x.x.x or [::1]; a port from 1 to 65535)'
    return Kind(f'a loopback address and port {example}, or ""', read, str)


def _on_loopback(address: str) -> bool:
    host, _, port = address.rpartition(":")
    if not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > LAST_PORT:
        return False
    if host in ("localhost", "[::1]"):
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def postable(address: str) -> bool:
    """Whether nobody on the way can read what is posted to `address`: https, or a port of this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    local = parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")
    return bool(host) and (parts.scheme == "https" or local) and bool(re.fullmatch(r"[!-~]{1,2048}", address))


def names(
    expected: str = "a list of texts", pattern: str = r"[^\n\r\x00]+", check: Callable[[str], object] = bool
) -> Kind[tuple[str, ...]]:
    """Texts that match `pattern` and of which `check` says something true."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise BadValue
        found = tuple(_matching(item, pattern) for item in cast("list[Any]", value))
        if not all(check(item) for item in found):
            raise BadValue
        return found

    def parse(given: str) -> object:
        return [part.strip() for part in given.split(",") if part.strip()]

    return Kind(expected, read, parse, list)


def table(expected: str, item: Kind[T], keys: str = r"[^\x00]+") -> Kind[Mapping[str, T]]:
    """A table whose keys match `keys` and whose values are of one kind. As text: `a=1,b=2`."""

    def read(value: object) -> Mapping[str, T]:
        if not isinstance(value, Mapping):
            raise BadValue
        items = cast("Mapping[Any, Any]", value)
        return {_matching(key, keys): item.read(each) for key, each in items.items()}

    def parse(given: str) -> object:
        pairs = [part.partition("=") for part in given.split(",") if part.strip()]
        return {key.strip(): item.parse(each.strip()) for key, _, each in pairs}

    def write(value: Mapping[str, T]) -> object:
        return {key: item.write(each) for key, each in value.items()}

    return Kind(expected, read, parse, write, entry=item)


def read_duration(value: object) -> float:
    """Seconds of a number or of text such as "1h30m". Raises `BadValue`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(max(min(value, 2**53), -(2**53)))  # an integer of TOML may be too large for a float
    given = _typed(value, str).strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", given):
        return float(given)
    if not re.fullmatch(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+", given):
        raise BadValue
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d|w)", given))


def write_duration(seconds: float) -> str:
    """The shortest exact text: "15m" for 900."""
    for unit in ("d", "h", "m", "s"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0 and (unit != "d" or seconds > UNITS["d"]):
            return f"{int(seconds / UNITS[unit])}{unit}"
    return f"{seconds * 1000:g}ms" if seconds else "0s"


def read_size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"(\d{1,18})\s*(KiB|MiB|GiB)?", _typed(value, str).strip())
    if not found:
        raise BadValue
    return int(found[1]) * SIZES.get(found[2], 1)


def write_size(bytes_: int) -> str:
    for unit in ("GiB", "MiB", "KiB"):
        if bytes_ and bytes_ % SIZES[unit] == 0:
            return f"{bytes_ // SIZES[unit]}{unit}"
    return str(bytes_)


def looks_like_token(value: object) -> bool:
    """Whether a credential stands anywhere in `value`."""
    return bool(TOKEN.search(words(value)))


def words(value: object) -> str:
    """`value` as text, whatever it is."""
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of thousands of digits"


def _typed(value: object, wanted: type[T]) -> T:
    if not isinstance(value, wanted):
        raise BadValue
    return value


def _matching(value: object, pattern: str) -> str:
    given = _typed(value, str)
    if not re.fullmatch(pattern, given):
        raise BadValue
    return given


def _parse_integer(given: str) -> object:
    return int(given) if re.fullmatch(r"[+-]?\d{1,18}", given.strip()) else given

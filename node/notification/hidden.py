"""What of a command's arguments is secret: that which redaction hides of them, laid bare again.

Redaction leaves the text around a secret and puts a mark in its place; so what the argument has between those pieces
is the secret. A mark may stand for more than one, as `--api-key=…` does where the option before it takes one too, and
a program that takes it apart repeats only a part: so the words in it are secrets as well.
"""

import re
from collections.abc import Iterator, Sequence

from aggregator.redact import REDACTED, redact_command

SECRET_CHARS = 4  # of a secret; a shorter one would be found in any text
_MARKS = re.compile(f"(?:{re.escape(REDACTED)})+")
_BETWEEN_WORDS = tuple(map(re.compile, (r"[^\w+.\-]+", r"\W+")))  # a secret may have the signs that the first leaves


def secrets_of(command: Sequence[str]) -> list[str]:
    """The secrets among the arguments of `command`, the longest first: one may stand in another."""
    found: set[str] = set()
    for argument, harmless in zip(command, redact_command(command), strict=True):
        for part in _parts(argument, harmless) if harmless != argument else ():
            found.update((part, *(word for between in _BETWEEN_WORDS for word in between.split(part))))
    return sorted((each for each in found if len(each) >= SECRET_CHARS and each not in REDACTED), key=len, reverse=True)


def _parts(argument: str, harmless: str) -> Iterator[str]:
    """What stands in `argument` where `harmless` has marks; what is not found again belongs to the secret before it."""
    first, *pieces, last = _MARKS.split(harmless)
    rest = argument.removeprefix(first).removesuffix(last)
    for piece in pieces:
        part, _, rest = rest.partition(piece)
        yield part
    yield rest

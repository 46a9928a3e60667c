"""Version s1 of the signature: the name of an error, the same on every machine.

    fingerprint of the client  ->  its parts; `{{ default }}` stands for what follows
    exceptions with frames     ->  types of the chain, in-app frames of the root exception, templates
    neither                    ->  type and template of the message

Never hashed: line numbers, source, absolute paths, values in messages, frames of libraries while the program has its
own. Of the exceptions between the one raised and the root exception also the function that raised each is hashed,
because another raising function is another error, and they are as stable as the rest.

What is hashed is a list of labelled lines (see `Description.lines`), which `explain` prints. Messages are redacted
first, so a record and its redacted copy have one name.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from aggregator.record import ErrorRecord, ExceptionInfo
from aggregator.redact import redact_text
from aggregator.signature.chain import Chain, chain_of, frames_of, located, type_of
from aggregator.signature.frames import Place, innermost
from aggregator.signature.parameterise import READ, Rules, parameterise
from aggregator.signature.roots import Missing, missing

VERSION = "s1"
TITLE_CHARS = 120
TEMPLATE_CHARS = 80  # of a template in a title
NAME_BYTES = 16
KIN_BYTES = 8


class Signed(msgspec.Struct, frozen=True):
    """What a record is called. `title` and `template` are redacted; all of it is the same for the same error."""

    name: str
    root: str
    title: str  # at most 120 characters
    kin: str  # 16 hex digits that related signatures share: type and innermost function
    where: str  # the function that raised it, or empty
    template: str


class Description(NamedTuple):
    """What a record's name is made of."""

    lines: list[tuple[str, str]]  # (label, text): what is hashed
    template: str  # of the message
    place: Place  # where it was raised
    missing: Missing | None


def sign(record: ErrorRecord, rules: Rules | None = None) -> Signed:
    """The names of `record`. `rules`: what its service switched off."""
    return signed(record, describe(record, rules))


def describe(record: ErrorRecord, rules: Rules | None = None) -> Description:
    """What goes into the name of `record`, before hashing."""
    chain = chain_of(record)
    lines, place, lacking = _describe_chain(record, chain, rules) if record.exceptions else ([], innermost([]), None)
    template = template_of(record, 0, rules)
    if not record.exceptions:
        lacking = missing(record.type, record.message, ())
        lines += [("type", type_of(ExceptionInfo(record.type_name))), ("message", template)]
    elif _renamed(record):
        lines.append(("called", record.type))
    if lacking:
        lines.append(("missing", f"{lacking.kind} {lacking.name}"))
    return Description(lines, template, place, lacking)


def signed(record: ErrorRecord, described: Description) -> Signed:
    """`describe`, hashed."""
    default = digest([f"{label} {text}" for label, text in described.lines], NAME_BYTES)
    own = [part for part in record.fingerprint if part.strip()]
    name = f"{VERSION}-{digest(fingerprint(own, default), NAME_BYTES) if own else default}"
    kind = record.type_name
    at = described.place
    kin = digest([kind.rpartition(".")[2], at.module, at.function], KIN_BYTES) if at.module or at.function else ""
    root = described.missing.root if described.missing and not own else name
    where = _shown(described.place.function)
    title = title_of(_shown(kind.rpartition(".")[2]) or "Error", described.template, where)
    return Signed(name, root, title, kin, where, described.template)


def fingerprint(parts: list[str], default: str) -> list[str]:
    """The client's own parts, the default name in the place of its placeholder."""
    return ["fingerprint", *(default if part.strip("{ }") == "default" and "{{" in part else part for part in parts)]


def digest(parts: list[str], size: int) -> str:
    """Hex of a hash over `parts`, each with its length, so that no two lists are read as one."""
    text = "".join(f"{len(part)}:{part}\n" for part in parts)
    return blake2b(text.encode(errors="surrogatepass"), digest_size=size).hexdigest()


def title_of(kind: str, template: str, where: str) -> str:
    """`<Type>: <template> in <function>`, at most 120 characters."""
    kind = _clip(kind, 40)
    place = f" in {_clip(where, 36)}" if where else ""
    room = min(TEMPLATE_CHARS, TITLE_CHARS - len(kind) - len(place) - 2)
    return f"{kind}: {_clip(template, room)}{place}" if template else f"{kind}{place}"


def template_of(record: ErrorRecord, index: int, rules: Rules | None) -> str:
    """The template of the message of `exceptions[index]`, without secrets."""
    message = record.message_of(index)
    return _template(message[:READ], rules) if message else ""


@lru_cache(maxsize=1_024)
def _template(message: str, rules: Rules | None) -> str:
    return parameterise(redact_text(message), rules).encode(errors="replace").decode()


def _describe_chain(
    record: ErrorRecord, chain: Chain, rules: Rules | None
) -> tuple[list[tuple[str, str]], Place, Missing | None]:
    bearer, places = located(record, chain.causes)
    lines: list[tuple[str, str]] = []
    for i in chain.causes:
        lines.append(("type", type_of(record.exceptions[i])))
        lines.append(("message", template_of(record, i, rules)))
        if i != bearer:
            raised = innermost(frames_of(record.exceptions[i]))
            lines.append(("raised in", f"{raised.module} {raised.function}"))
    lines += [("context", type_of(record.exceptions[i])) for i in chain.contexts]
    lines += [("frame", f"{place.module} {place.function}") for place in places]
    members = [_describe_chain(record, member, rules) for member in chain.members]
    lines += sorted({("member", _member_digest(member[0])) for member in members})
    place = _place(innermost(places), members)
    return lines, place, _lacking(record, chain.causes)


def _member_digest(lines: list[tuple[str, str]]) -> str:
    return digest([f"{label} {text}" for label, text in lines], NAME_BYTES)


def _place(own: Place, members: list[tuple[list[tuple[str, str]], Place, Missing | None]]) -> Place:
    """Of a group whose members all failed in one place, that place says more than the one that waited for them."""
    inner = {member[1] for member in members}
    only = inner.pop() if len(inner) == 1 else None
    return only if only and only.function else own


def _lacking(record: ErrorRecord, causes: list[int]) -> Missing | None:
    """What is missing according to the root exception, else to one before it."""
    for i in reversed(causes):
        exception = record.exceptions[i]
        found = missing(exception.type, record.message_of(i), exception.frames)
        if found:
            return found
    return None


def _renamed(record: ErrorRecord) -> bool:
    """Whether the client calls the error something else than its first exception."""
    return bool(record.type) and record.type.rpartition(".")[2] != record.exceptions[0].type.rpartition(".")[2]


def _shown(name: str) -> str:
    """A name of a type or function, which may be anything, on one line and without secrets."""
    return name if name.isidentifier() else " ".join(redact_text(name).encode(errors="replace").decode().split())


def _clip(text: str, size: int) -> str:
    return text if len(text) <= size else text[: max(0, size - 1)] + "…"

"""Every step from a record to its name, as text: why two errors are one, or are not."""

from typing import NamedTuple

from aggregator.record import ErrorRecord
from aggregator.redact import redact_text
from aggregator.signature.chain import chain_of, located, type_of
from aggregator.signature.frames import place_of, reason
from aggregator.signature.parameterise import READ, Rules, hits, parameterise
from aggregator.signature.v1 import Signed, describe, signed


class Step(NamedTuple):
    name: str
    text: str


class Explanation(NamedTuple):
    """What `explain` prints: the steps in order, and the names they lead to."""

    steps: list[Step]
    signed: Signed


def explain(record: ErrorRecord, rules: Rules | None = None) -> Explanation:
    """How the names of `record` come about. The text is redacted, but as hostile as the record."""
    described = describe(record, rules)
    result = signed(record, described)
    steps = [*_types(record), *_frames(record), *_messages(record, rules)]
    if rules and rules.off:
        steps.append(Step("rules off", ", ".join(sorted(rules.off))))
    steps += [Step("hashed", f"{label}: {text}") for label, text in described.lines]
    if described.missing:
        steps.append(Step("missing", f"{described.missing.kind} {described.missing.name}"))
    if record.fingerprint:
        steps.append(Step("fingerprint", ", ".join(redact_text(part) for part in record.fingerprint)))
    outcome = [("name", result.name), ("root", result.root), ("kin", result.kin), ("title", result.title)]
    return Explanation([*steps, *(Step(*pair) for pair in outcome)], result)


def _types(record: ErrorRecord) -> list[Step]:
    if not record.exceptions:
        return [Step("type", f"{record.type_name}, without exceptions: the message decides")]
    chain = chain_of(record)
    steps = [Step("type", type_of(record.exceptions[i])) for i in chain.causes]
    steps += [Step("type", f"{type_of(record.exceptions[i])} (context)") for i in chain.contexts]
    return steps + [Step("type", f"{type_of(record.exceptions[m.causes[0]])} (member)") for m in chain.members]


def _frames(record: ErrorRecord) -> list[Step]:
    bearer, kept = located(record, chain_of(record).causes)
    if bearer < 0:
        return [Step("frame", "none")] if record.exceptions else []
    exception = record.exceptions[bearer]
    steps = [Step("location", f"from {type_of(exception)}")]
    for frame in exception.frames:
        place = place_of(frame)
        why = reason(place, kept)
        steps.append(Step("frame", f"{place.module}.{place.function or frame.function}: {why}"))
    return steps


def _messages(record: ErrorRecord, rules: Rules | None) -> list[Step]:
    chain = chain_of(record)
    steps: list[Step] = []
    for i in chain.causes or [0]:
        message = redact_text(record.message_of(i)[:READ])
        steps.append(Step("message", message))
        steps += [Step("value", f"{hit.rule}: {hit.value} -> {hit.stands}") for hit in hits(message, rules)]
        steps.append(Step("template", parameterise(message, rules)))
    return steps

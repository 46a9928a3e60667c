"""What other nodes say: gossip, questions and answers of sync, pages, chains of membership, invitations."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from aggregator import invitation, message
from aggregator.answering import answer
from aggregator.arrivals import Incoming, Terms
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.entries import introduction
from aggregator.fleet import Fleet
from aggregator.fleetkey import NetworkKey
from aggregator.ledger import Ledger
from aggregator.member import Invitation, Member
from aggregator.page import BadPage, Origin, Page, PageKey, read_body, write_body
from aggregator.questions import Answer, BadAnswer, Compare, Fetch, FetchBook, Origins, Question, Versions
from aggregator.reason import Reason
from aggregator.roster import Roster, subject_of
from aggregator.sync import pull
from tests.fuzz.laws import short
from tests.pure.factories import name, tally

ME, THEM = Origin("me", "r" * 16), Origin("bob", "b" * 16)
NOW, LENGTH, WINDOW = 1_800_000_900.0, 900, 1_800_000_000
ANSWER_BYTES = 1024 * 1024  # of one answer, whatever was asked
T = TypeVar("T")

_questions = msgspec.msgpack.Decoder(Question)
_answers = msgspec.msgpack.Decoder(Answer)
NOT_THAT = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # how a decoder says no


class Trusting(Fleet):
    """Everybody is a member: else hardly anything would be looked at."""

    def why_not(self, peer: str) -> Reason | None:
        return None


def believed(_who: object, _message: bytes, _signature: bytes) -> bool:
    return True


def _fleet() -> Trusting:
    roster = Roster([b"f" * 32], believed, believed)
    roster.put(MEMBER)
    made = Trusting(ME, Terms(b"f" * 32, LENGTH, believed), roster, Ledger(), Book(), lambda _: b"s")
    _take(made, Incoming(pages=[(PAGE, read_body(PAGE.body))], facts=[FACT], rulings=[RULING]))
    return made


def _take(fleet: Trusting, incoming: Incoming) -> None:
    """As the node does it, after its commit."""
    has = fleet.has
    for page, tallies in incoming.pages:
        has.ledger.put(page, tallies)
        [has.ledger.total([each.signature]) for each in tallies]
    for key, fact in incoming.facts:
        has.book.put_fact(key, fact)
    for ruling in incoming.rulings:
        has.book.put_ruling(ruling)
    fleet.took(incoming)
    for refusal in incoming.refused:
        short(refusal.reason.value)
        short(refusal.text or "none")


MEMBER = Member("bob", Invitation(b"f" * 32, b"i" * 32, 2.0**40, 5, b"s"), b"s", "", 1.0, b"s")
PAGE = Page(PageKey(THEM, WINDOW, 0), 1, write_body([tally(1, 3), tally(2, 1, services={"web": 1})]), b"s")
FACT = FactKey("acme/shop", name(1)), Fact(Standing.FILED, NOW, 12)
RULING = Ruling("mute", name(2), {"until": "rate", "count": 5}, 1, "bob")
CHAIN = introduction(MEMBER)


def page(data: bytes) -> None:
    try:
        tallies = read_body(data)
    except BadPage as why:
        short(str(why))
        return
    assert read_body(write_body(tallies)) == tallies
    msgspec.json.encode(tallies)


def gossip(data: bytes) -> None:
    fleet = _fleet()
    _take(fleet, fleet.heard("bob", data, NOW, 1.0))
    _still_sane(fleet)
    try:
        said = message.decode(data)
    except message.BadMessage as why:
        short(str(why))
        return
    assert message.encode(message.decode(message.encode(said))) == message.encode(said)


def question(data: bytes) -> None:
    asked = _decoded(_questions.decode, data)
    if asked is None:
        return
    given = msgspec.msgpack.encode(answer(asked, _fleet().has))
    assert len(given) <= ANSWER_BYTES
    assert msgspec.msgpack.encode(_answers.decode(given)) == given


def answers(data: bytes) -> None:
    """One after the other, each with two bytes of length, to whatever is asked; then nothing more is answered."""
    fleet = _fleet()
    steps = pull(fleet.has, WINDOW, NOW, fleet.refused)
    next(steps)
    while data:
        size = int.from_bytes(data[:2], "big")
        reply, data = _decoded(_answers.decode, data[2 : 2 + size]), data[2 + size :]
        if reply is None:
            return
        try:
            steps.send(reply)
        except BadAnswer as why:
            short(str(why))
            return
        except StopIteration as end:
            _take(fleet, fleet.pulled(end.value, NOW))
            _still_sane(fleet)
            return


def chain(data: bytes) -> None:
    """A chain of membership as it travels; and the same as a ruling."""
    fleet = _fleet()
    fleet.welcome(data)
    fleet.roster.members()
    ruling = Ruling("member", subject_of(MEMBER), data, CHAIN.version, CHAIN.origin)
    _take(fleet, fleet.heard("bob", message.encode(message.BookMessage(rulings=[ruling])), NOW, 1.0))
    _still_sane(fleet)


def token(data: bytes) -> None:
    """An invitation as somebody pasted it."""
    text = data.decode(errors="replace")
    try:
        read = invitation.read(text, believed, lambda _: True)
    except invitation.BadToken as why:
        short(str(why))
        return
    assert invitation.read(invitation.write(read, lambda _: b"s" * 64), believed, lambda _: True) == read


def _still_sane(fleet: Trusting) -> None:
    """Whatever came, the node can tell others what it has."""
    fleet.disowned()
    while fleet.outbox.take():
        pass
    for asked in QUESTIONS:
        msgspec.msgpack.encode(answer(asked, fleet.has))
    for signature in fleet.has.ledger.signatures():
        msgspec.json.encode(fleet.has.ledger.total([signature]))


def _decoded(decode: Callable[[bytes], T], data: bytes) -> T | None:
    try:
        return decode(data)
    except NOT_THAT:
        return None


QUESTIONS: tuple[Question, ...] = (
    Compare(0, WINDOW, b"\0" * 32, b"\0" * 32, b"\0" * 32),
    Origins([WINDOW]),
    Versions([(WINDOW, THEM)]),
    Fetch([PAGE.key]),
    FetchBook([b"\0" * 32] * 4),
)
TOKEN = invitation.Token(
    name="acme",
    fleet=b"f" * 32,
    successions=[],
    invitation=MEMBER.invitation,
    seed=b"i" * 32,
    network_key=NetworkKey(1, b"n" * 32, 1.0, 2.0, b"f" * 32, b"s"),
    marker_key=b"m" * 32,
    length=900,
    addresses=["/ip4/192.0.2.1/tcp/4001"],
)


def _replies() -> list[bytes]:
    """What an honest node would answer, one after the other."""
    said: list[Any] = [answer(asked, _fleet().has) for asked in QUESTIONS]
    parts = [msgspec.msgpack.encode(each) for each in said]
    return [len(part).to_bytes(2, "big") + part for part in parts]


PAGES = (PAGE.body, write_body([]))
GOSSIP = tuple(
    message.encode(each)
    for each in (
        message.PageMessage([PAGE]),
        message.BookMessage([FACT], [RULING, CHAIN]),
        message.Presence(run="b" * 16, at=NOW, version="1", candidate=["acme/shop"], addresses=["/ip4/192.0.2.1"]),
    )
)
ASKED = tuple(map(msgspec.msgpack.encode, QUESTIONS))
ANSWERED = (b"".join(_replies()), *_replies())
CHAINS = (msgspec.msgpack.encode(MEMBER),)
TOKENS = (invitation.write(TOKEN, lambda _: b"s" * 64).encode(),)

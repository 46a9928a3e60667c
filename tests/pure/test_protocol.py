"""The examples of docs/protocol.md are what the code makes: who builds a peer by that page builds it right."""

import re
from pathlib import Path

import msgspec

from aggregator import ban
from aggregator.answering import answer
from aggregator.author import Author
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.digest import Digest, mark, version_of
from aggregator.entries import introduction
from aggregator.ledger import Ledger
from aggregator.member import FLEET_KEY, Member, admit, invite, vouch
from aggregator.message import PageMessage, encode
from aggregator.page import Origin, Page, message_to_sign
from aggregator.questions import Fetch, Has, Origins, Question, Versions
from aggregator.sync import pull
from aggregator.tally import Seen
from node.identity import Identity, from_seed

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
FLEET, INVITATION, PEER, OTHER = (from_seed(bytes([number]) * 32) for number in (1, 2, 3, 4))
JOINED, EXPIRES = 1785758400.0, 1785844800.0
WINDOW = 1785758400
HORIZON = 1785672000
LENGTH = 900
ROOT = "s1-" + "0" * 31 + "1"


def asking(who: Identity) -> Member:
    invitation = invite(FLEET.public, INVITATION.public, EXPIRES, 2, FLEET.sign)
    return admit(who.peer, invitation, INVITATION.sign)


def member() -> Member:
    return vouch(asking(PEER), FLEET_KEY, JOINED, FLEET.sign)


def other() -> Member:
    return vouch(asking(OTHER), PEER.peer, JOINED + 60.0, PEER.sign)


def banned() -> Ruling:
    return ban.seal(Ruling("ban", OTHER.peer, WINDOW + LENGTH, 1, PEER.peer), FLEET.public, FLEET.sign)


def page() -> Page:
    seen = Seen(
        signature=ROOT,
        root=ROOT,
        title="ValueError: too deep",
        kin="k",
        count=7,
        first=1785758460.0,
        last=1785758520.5,
        severity=2,
        service="shop",
    )
    staged = Author(Origin(PEER.peer, "0123456789abcdef"), LENGTH).stage([seen], WINDOW + 1.0, lambda _: False)
    bare = staged.pages[0][0]
    return msgspec.structs.replace(bare, signature=PEER.sign(message_to_sign(bare, FLEET.public, LENGTH)))


def book() -> Book:
    made = Book()
    made.put_fact(FactKey("acme/shop", ROOT), Fact(Standing.FILED, 1785758460.0, 42))
    made.put_ruling(Ruling("mute", ROOT, {"until": "rate", "count": 3}, 1, PEER.peer))
    return made


def exchange() -> dict[str, bytes]:
    """What one without the page asks, and what one with it answers."""
    ledger, digest = Ledger(), Digest()
    ledger.expire(HORIZON)
    digest.put(page())
    there = Has(ledger, digest, Book())
    steps = pull(there._replace(digest=Digest()), WINDOW - LENGTH, WINDOW + 1.0)
    said: dict[str, bytes] = {}
    question: Question = next(steps)
    for name in ("compare", "origins", "versions", "fetch"):
        said[f"question: {name}"] = msgspec.msgpack.encode(question)
        given = answer(question, there)
        said[f"answer to {name}"] = msgspec.msgpack.encode(given)
        if isinstance(question, Fetch):
            return said
        question = steps.send(given)
        assert isinstance(question, Origins | Versions | Fetch)
    raise AssertionError


def made() -> dict[str, bytes]:
    sums = book().sums.all()
    return {
        "fleet id": FLEET.public,
        "peer id, as text": PEER.peer.encode(),
        "chain of one who has an invitation": msgspec.msgpack.encode(asking(PEER)),
        "chain": msgspec.msgpack.encode(member()),
        "ruling that introduces the second peer": msgspec.msgpack.encode(introduction(other())),
        "ruling that bans the second peer": msgspec.msgpack.encode(banned()),
        "signed by the page's origin": message_to_sign(page(), FLEET.public, LENGTH),
        "gossip message with the page": encode(PageMessage([page()])),
        "mark of the page": mark(version_of(page())).to_bytes(32),
        **exchange(),
        **{f"sum of the book's bucket {n}": each for n, each in enumerate(sums) if any(each)},
        "root of the book": book().sums.root(),
        "root of an empty book": Book().sums.root(),
    }


def written() -> dict[str, bytes]:
    """The examples as they stand on the page: a line with a name, then indented lines of hex."""
    block = PAGE.read_text().split("```text\n")[1].split("```")[0]
    found = re.findall(r"^(\S.*)\n((?: {4}[0-9a-f]+\n)+)", block, re.MULTILINE)
    return {name: bytes.fromhex("".join(lines.split())) for name, lines in found}


def test_the_examples_on_the_page_are_what_this_program_makes() -> None:
    assert written() == made()

"""What other nodes say of addresses: checked, bounded, and believed only as far as it is proven."""

import random
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.addresses import checked, split_peer
from node.network import exchange, identity_of, is_peer_id
from node.network.addressbook import GIVE_UP_FAILURES, MOST_PEERS, MOST_UNPROVEN, AddressBook
from node.network.addresses import at_host, host_and_port, multiaddr_of
from node.network.counters import Counters

ME, ALICE, BOB = (identity_of(bytes([number]) * 32).peer_id for number in (1, 2, 3))
HERE = "/ip4/10.0.0.1/tcp/4001"
THERE = "/ip4/10.0.0.2/tcp/4001"


def peer(number: int) -> str:
    return identity_of(number.to_bytes(32, "big")).peer_id


def book_in(directory: Path, *seeds: str) -> AddressBook:
    return AddressBook(directory / "book.json", ME, seeds)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("/ip4/10.0.0.1/tcp/4001", True),
        ("/ip6/fe80::1/tcp/1", True),
        ("/dns4/node.example.com/tcp/65535", True),
        ("/ip4/10.0.0.1/tcp/0", False),
        ("/ip4/10.0.0.1/tcp/65536", False),
        ("/ip4/10.0.0.256/tcp/1", False),
        ("/ip4/::1/tcp/1", False),
        ("/ip4/10.0.0.1/udp/1/quic-v1", False),
        ("/ip4/10.0.0.1/tcp/1/p2p-circuit", False),
        ("/dns/-bad/tcp/1", False),
        ("/dns/" + "a" * 300 + "/tcp/1", False),
        ("/ip4/10.0.0.1/tcp/4001\n", False),
        ("", False),
    ],
)
def test_only_plain_tcp_addresses_are_addresses(text: str, good: bool) -> None:
    assert (checked(text) is not None) is good


@given(st.text(max_size=250))
def test_no_text_breaks_the_check(text: str) -> None:
    assert checked(text) in (None, text)
    assert split_peer(text) is None or is_peer_id(text.rpartition("/")[2])


def test_host_and_port_and_back() -> None:
    assert multiaddr_of("10.0.0.1:4001") == HERE
    assert multiaddr_of("[::1]:4001") == "/ip6/::1/tcp/4001"
    assert multiaddr_of("node.example.com:1") == "/dns/node.example.com/tcp/1"
    assert host_and_port(HERE) == ("10.0.0.1", 4001)
    assert at_host("/ip4/0.0.0.0/tcp/7", "10.0.0.9") == "/ip4/10.0.0.9/tcp/7"
    assert at_host(HERE, "10.0.0.9") == HERE
    assert split_peer(f"{HERE}/p2p/{ALICE}") == (HERE, ALICE)


def test_what_was_reached_stays_in_front_of_what_is_only_said(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    assert book.learn(ALICE, [HERE])
    book.reached(ALICE, HERE, now=100.0)
    assert book.learn(ALICE, [THERE])
    assert not book.learn(ALICE, [THERE])
    assert book.addresses(ALICE) == [HERE, THERE]


def test_nothing_is_learned_of_oneself_or_of_nonsense(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    assert not book.learn(ME, [HERE])
    assert not book.learn("12D3KooWnonsense", [HERE])
    assert not book.learn(ALICE, ["/ip4/10.0.0.1/udp/1"])
    assert len(book) == 0


def test_a_flood_of_inventions_pushes_nobody_out(tmp_path: Path) -> None:
    book = book_in(tmp_path, f"{HERE}/p2p/{ALICE}")
    book.learn(BOB, [THERE])
    book.reached(BOB, THERE, now=1.0)
    for number in range(10, 10 + 2 * MOST_UNPROVEN):
        book.learn(peer(number), [HERE])
    assert len(book) == MOST_UNPROVEN + 2
    assert ALICE in book
    assert BOB in book


def test_the_book_is_bounded_and_forgets_who_was_reached_longest_ago(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    for number in range(10, 10 + MOST_PEERS + 5):
        book.learn(peer(number), [HERE])
        book.reached(peer(number), HERE, now=float(number))
    assert len(book) == MOST_PEERS
    assert peer(10) not in book
    assert peer(14 + MOST_PEERS) in book


def test_who_never_answers_is_forgotten_but_never_a_seed(tmp_path: Path) -> None:
    book = book_in(tmp_path, f"{HERE}/p2p/{ALICE}")
    book.learn(BOB, [THERE])
    for _ in range(GIVE_UP_FAILURES):
        book.failed(ALICE)
        book.failed(BOB)
    assert ALICE in book
    assert BOB not in book


def test_a_seed_keeps_its_address_whatever_is_said(tmp_path: Path) -> None:
    book = book_in(tmp_path, f"{HERE}/p2p/{ALICE}")
    book.learn(ALICE, [f"/ip4/10.0.1.{number}/tcp/1" for number in range(4)], own_word=True)
    book.learn(ALICE, [f"/ip4/10.0.2.{number}/tcp/1" for number in range(4)], own_word=True)
    assert HERE in book.addresses(ALICE)
    assert len(book.addresses(ALICE)) == 4


def test_the_book_survives_a_restart_without_its_seeds(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    book.learn(ALICE, [HERE])
    book.reached(ALICE, HERE, now=100.0)
    book.learn(BOB, [THERE])
    book.save()
    again = book_in(tmp_path)
    assert again.load() is None
    assert again.addresses(ALICE) == [HERE]
    assert again.was_reached(ALICE)
    assert not again.was_reached(BOB)
    assert not again.changed


@given(st.binary(max_size=300))
def test_no_file_breaks_the_book(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "book.json").write_bytes(data)
        book = book_in(Path(directory))
        assert book.load() is not None or len(book) >= 0


def test_only_what_was_reached_or_speaks_for_itself_is_told_and_not_to_itself(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    book.learn(ALICE, [HERE], own_word=True)
    book.learn(BOB, [THERE])
    told = exchange.answer(book, [HERE], asker=BOB, linked={ALICE}, full=True, draw=random.Random(1))
    decoded = msgspec.json.decode(told, type=exchange.Answer)
    assert [one.id for one in decoded.peers] == [ALICE]
    assert decoded.full
    nothing = exchange.answer(book, [HERE], asker=ALICE, linked={ALICE}, full=False, draw=random.Random(1))
    assert msgspec.json.decode(nothing, type=exchange.Answer).peers == []


def test_loopback_is_believed_only_from_over_loopback(tmp_path: Path) -> None:
    said = exchange.question(["/ip4/127.0.0.1/tcp/1"])
    for remote, believed in ((THERE, False), ("/ip4/127.0.0.1/tcp/5", True), ("", False)):
        book, counters = book_in(tmp_path), Counters()
        exchange.take_question(said, book, ALICE, remote, counters)
        assert (ALICE in book) is believed
        assert counters.rejected["unusable address"] == (not believed)


def test_listening_everywhere_means_where_the_call_came_from(tmp_path: Path) -> None:
    book = book_in(tmp_path)
    exchange.take_question(exchange.question(["/ip4/0.0.0.0/tcp/4001"]), book, ALICE, THERE, Counters())
    assert book.addresses(ALICE) == [THERE]


@given(st.binary(max_size=2000) | st.just(b'{"addresses": [], "peers": ' + b"[" * 1000))
def test_no_answer_breaks_the_exchange(data: bytes) -> None:
    book, counters = AddressBook(Path("unused"), ME), Counters()
    assert exchange.take_answer(data, book, ALICE, HERE, counters) is False
    exchange.take_question(data, book, ALICE, HERE, counters)
    assert counters.rejected["bad peer exchange"] >= 1


def test_an_answer_that_tells_of_too_many_is_refused_whole(tmp_path: Path) -> None:
    rows = [{"id": peer(number), "addresses": [HERE]} for number in range(10, 11 + exchange.MOST_TOLD)]
    book, counters = book_in(tmp_path), Counters()
    exchange.take_answer(msgspec.json.encode({"addresses": [], "peers": rows}), book, ALICE, HERE, counters)
    assert len(book) == 0
    assert counters.rejected["bad peer exchange"] == 1

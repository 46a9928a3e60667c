"""The line of text that lets a machine in: whole or refused, and never shown."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fleetkey import succeed
from aggregator.invitation import PREFIX, BadToken, Token, read
from aggregator.reason import Reason
from node.identity import verify_key
from tests.pure.people import DAY, FLEET, GUEST, NOW, invitation, key, line, network_key, token

LINE = line()
FOREIGN = succeed(key("x").public, FLEET.public, key("x").sign)
SECRETS = (GUEST.private_bytes(), b"n" * 32, b"m" * 32)


def parse(text: str) -> Token:
    return read(text, verify_key, lambda address: address.startswith("/ip4/"))


def test_what_was_written_is_read_again() -> None:
    assert parse(LINE) == token()
    assert LINE.startswith(PREFIX)
    assert LINE.isascii()


def test_line_breaks_and_blanks_of_mails_and_terminals_do_no_harm() -> None:
    broken = "\n".join(LINE[at : at + 76] for at in range(0, len(LINE), 76))
    assert parse(f"  {broken}\r\n") == token()


@given(st.integers(0, len(LINE) - 1), st.characters(codec="ascii", categories=("L", "N", "P")))
def test_no_character_can_be_exchanged(place: int, other: str) -> None:
    if other == LINE[place]:
        return
    with pytest.raises(BadToken):
        parse(LINE[:place] + other + LINE[place + 1 :])


@given(st.integers(0, len(LINE) - 1), st.integers(1, 200))
def test_nothing_can_be_cut_out(place: int, length: int) -> None:
    with pytest.raises(BadToken):
        parse(LINE[:place] + LINE[place + length :])


@given(st.text(max_size=300))
def test_any_other_text_is_refused_with_words(text: str) -> None:
    for each in (text, PREFIX + text):
        with pytest.raises(BadToken, match="invitation"):
            parse(each)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"fleet": key("other").public}, id="another fleet's id"),
        pytest.param({"invitation": invitation(key("other"))}, id="an invitation of another fleet"),
        pytest.param({"invitation": invitation(uses=0)}, id="no uses"),
        pytest.param({"invitation": invitation(uses=10**6)}, id="too many uses"),
        pytest.param({"network_key": network_key(key("other"))}, id="a network key of another fleet"),
        pytest.param(
            {"successions": [succeed(key("x").public, FLEET.public, key("x").sign)], "fleet": b"1" * 32}, id="led"
        ),
        pytest.param({"seed": b"short"}, id="a short seed"),
        pytest.param({"marker_key": b""}, id="no marker key"),
        pytest.param({"length": 0}, id="no window"),
        pytest.param({"length": 86_401}, id="too long a window"),
        pytest.param({"addresses": ["nowhere"]}, id="no address"),
        pytest.param({"addresses": ["/ip4/1.2.3.4/tcp/1"] * 9}, id="too many addresses"),
        pytest.param({"name": "n" * 65}, id="too long a name"),
    ],
)
def test_even_what_the_fleet_key_signed_must_make_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(BadToken):
        parse(line(token(**wrong)))


def test_a_forged_part_is_refused_although_the_whole_is_signed() -> None:
    forged = msgspec.structs.replace(invitation(), uses=500)
    with pytest.raises(BadToken, match="does not hold"):
        parse(line(token(invitation=forged)))


def test_a_line_signed_by_somebody_else_is_refused() -> None:
    with pytest.raises(BadToken, match="signature"):
        parse(line(fleet=key("mallory")))


def test_a_later_key_of_the_fleet_may_invite() -> None:
    later = key("later")
    step = succeed(FLEET.public, later.public, FLEET.sign)
    changed = token(successions=[step], invitation=invitation(later), network_key=network_key(later))
    assert parse(line(changed, later)).fleet == FLEET.public


def test_a_newer_format_says_so() -> None:
    with pytest.raises(BadToken, match="upgrade"):
        parse("ea2_" + LINE[4:])


def test_it_is_good_until_it_expires() -> None:
    assert token().why_not(NOW + DAY) is None
    assert token().why_not(NOW + DAY + 1) is Reason.INVITATION_EXPIRED


def test_no_secret_is_shown() -> None:
    from rich.pretty import pretty_repr

    shown = repr(token()) + str([token()]) + pretty_repr(token()) + repr(network_key()) + pretty_repr(network_key())
    assert not any(secret.hex() in shown or repr(secret)[2:-1] in shown for secret in SECRETS)
    for text in (LINE[:-3], LINE[:90] + "-_"[LINE[90] == "-"] + LINE[91:]):
        with pytest.raises(BadToken) as error:
            parse(text)
        assert LINE[5:40] not in str(error.value)

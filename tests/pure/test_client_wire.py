"""Both forms of the wire say the same, and the node understands what the client builds."""

import json
from typing import Any

import pytest

from aggregator import limits, record
from aggregator.client.build import Builder
from aggregator.client.capture import Capture
from aggregator.client.settings import Settings
from aggregator.client.snapshot import take_chain
from aggregator.client.wire import BadAnswer, JsonLines, MessagePack, fitting_frame

Codec = MessagePack | JsonLines

CODECS: list[Codec] = [MessagePack(), JsonLines()]
SETTINGS = Settings(service="shop", release="1.2", environ={})


@pytest.fixture(params=CODECS, ids=["msgpack", "json"])
def codec(request: pytest.FixtureRequest) -> Codec:
    return request.param


def body(codec: Codec, frame: bytes) -> bytes:
    return frame[4:] if isinstance(codec, MessagePack) else frame


def built(exc: BaseException, **given: Any) -> dict[str, Any]:
    chain = take_chain(exc)
    capture = Capture("id-1", 1_700_000_000.25, "MainThread", chain[0].message, type(exc).__qualname__)
    capture.chain = chain
    for name, value in given.items():
        setattr(capture, name, value)
    return Builder(SETTINGS).record(capture)


def raised() -> ValueError:
    try:
        raise ValueError("no such user: password=hunter2hunter2")
    except ValueError as exc:
        exc.__cause__ = KeyError("u")
        return exc


def test_messages_survive_both_forms_in_pieces(codec: Codec) -> None:
    messages: list[dict[str, Any]] = [{"ack": n, "refused": [], "text": "é"} for n in range(5)]
    stream = b"".join(codec.frame(message) for message in messages)
    buffer, got = bytearray(), list[dict[str, Any]]()
    for start in range(0, len(stream), 7):
        buffer += stream[start : start + 7]
        got += codec.split(buffer)
    assert got == messages


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff\n", b"\x00\x00\x00\x01\xc1\n", b"\x00\x00\x00\x01\x01\n"])
def test_garbage_is_a_bad_answer(codec: Codec, garbage: bytes) -> None:
    with pytest.raises(BadAnswer):
        codec.split(bytearray(garbage))


def test_an_endless_answer_is_refused(codec: Codec) -> None:
    with pytest.raises(BadAnswer):
        codec.split(bytearray(b"\xff" * (limits.FRAME_BYTES + 5)))


def test_the_node_reads_what_the_client_builds(codec: Codec) -> None:
    frame = fitting_frame(
        codec, {"seq": 1, **built(raised(), severity="high", fingerprint=["a"], count=3, handled=True)}
    )
    got = record.decode(body(codec, frame), json=isinstance(codec, JsonLines))
    assert (got.type, got.service, got.release, got.count, got.severity) == ("ValueError", "shop", "1.2", 3, "high")
    assert [one.type for one in got.exceptions] == ["ValueError", "KeyError"]
    assert got.exceptions[0].frames[-1].function == "raised"
    assert got.messages == ["'u'"]
    assert got.time == "2023-11-14T22:13:20.250000+00:00"
    assert "hunter2" not in str(got)


def test_an_exception_without_text_has_a_type() -> None:
    assert record.decode(body(CODECS[0], CODECS[0].frame(built(AssertionError())))).type_name == "AssertionError"


def test_a_record_that_is_too_large_loses_what_is_least_missed(codec: Codec) -> None:
    huge = {str(n): "x" * 4_000 for n in range(150)}
    frame = fitting_frame(codec, {"seq": 1, **built(raised(), context=huge, logs=["y" * 1_900] * 1_000)})
    assert len(frame) <= limits.FRAME_BYTES
    got = record.decode(body(codec, frame), json=isinstance(codec, JsonLines))
    assert got.exceptions[0].frames
    assert 0 < len(got.logs) <= 20
    assert got.context["python"]


def test_what_cannot_be_made_to_fit_is_an_error(codec: Codec) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        fitting_frame(codec, {"message": "m", "exceptions": [{"frames": [{"file": "x" * limits.FRAME_BYTES}]}]})


def test_our_own_frames_and_the_shown_ones_of_libraries() -> None:
    frames = built(raised())["exceptions"][0]["frames"]
    assert "in_app" not in frames[0]
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    assert built(caught.value)["exceptions"][0]["frames"][-1]["in_app"] is False


def test_a_repeat_has_the_same_stack() -> None:
    builder = Builder(SETTINGS)
    captures: list[Capture] = []
    for number in (1, 2):
        capture = Capture(f"id-{number}", 0.0, "t", "m", "ValueError")
        capture.chain = take_chain(raised())
        captures.append(capture)
    first, second = (builder.record(capture)["exceptions"] for capture in captures)
    assert first == second


def test_secrets_in_every_part_of_a_record_are_gone() -> None:
    token = "ghp_" + "aB3" * 12
    exc = RuntimeError(f"bad {token}")
    exc.add_note(token)
    context = {"deep": [{"text": token}], "api_key": "k" * 20, token: 1, "environment": {"MY_TOKEN": "abcdefgh"}}
    got = built(exc, context=context, logs=[f"log {token}"], fingerprint=[token], type=f"T{token}")
    assert token not in str(got)
    assert "k" * 20 not in str(got)
    assert "abcdefgh" not in str(got)


def test_a_key_over_several_log_lines_is_gone() -> None:
    lines = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB",
        "-----END PRIVATE KEY-----",
    ]
    assert "MIIE" not in str(built(raised(), logs=lines)["logs"])

"""Everything bad that can be said on the ingest socket: what is sent, and what is answered. One list for all tests."""

from typing import Any, NamedTuple

import msgspec

from aggregator import limits
from aggregator.brief import REASON_CHARS
from tests.sender import error, frame

SESSION = b"h" * 16
ANSWER_BYTES = 2 * REASON_CHARS  # of any answer to one bad thing, its fields included
HELLO = {"hello": 1, "session": SESSION.hex()}
DEEP = 100_000  # levels; any recursion would end at a thousandth of it


class Bad(NamedTuple):
    """`reason`: words of the answer. `counted`: under which label; `sent` means that the conversation is ended."""

    name: str
    data: bytes
    reason: str
    counted: str = "malformed"


def line(value: Any) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def raw(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def text(size: int) -> str:
    return "A" * size


SENT = "sent"
BAD = (
    Bad("no_messagepack", raw(b"\xc1\xc1\xc1"), "not a record"),
    Bad("an_empty_frame", raw(b""), "not a record"),
    Bad("a_list", raw(b"\x93\x01\x02\x03"), "Expected `object`, got `array`"),
    Bad("no_json", b'{"message": }\n', "not a record"),
    Bad("half_a_line", b'{"message": "x"\n', "not a record"),
    Bad("invalid_utf8_in_a_line", b'{"message":"\xff\xfe"}\n', "not a record"),
    Bad("invalid_utf8_in_a_frame", raw(b"\x81\xa7message\xa2\xff\xfe"), "not a record"),
    Bad("a_lone_surrogate", b'{"message":"\\ud800"}\n', "not a record"),
    Bad("a_number_for_a_message", line({"message": 5}), r"\$.message"),
    Bad("a_map_for_a_message", frame({"message": {"a": 1}}), r"\$.message"),
    Bad("text_for_a_count", frame(error(1, count="many")), r"\$.count"),
    Bad("a_fraction_for_a_count", line(error(1, count=1.5)), r"\$.count"),
    Bad("text_for_frames", frame({"message": "x", "exceptions": [{"type": "E", "frames": "main"}]}), r"frames"),
    Bad("no_message", frame({"type": "E"}), "missing required field `message`"),
    Bad("an_empty_message", frame({"message": " "}), "message is empty", "message"),
    Bad("a_long_message", frame({"message": text(limits.MESSAGE_CHARS + 1)}), "at most 8192", "message"),
    Bad("a_long_service", frame(error(1, service=text(257))), "service has 257 characters", "service"),
    Bad("an_unknown_severity", line(error(1, severity=text(100_000))), r"Invalid enum value.* at `\$.severity`"),
    Bad("count_0", frame(error(1, count=0)), "expected 1 to 1000000", "count"),
    Bad("a_negative_count", frame(error(1, count=-1)), "expected 1 to 1000000", "count"),
    Bad("a_count_beyond", frame(error(1, count=limits.COUNT + 1)), "expected 1 to 1000000", "count"),
    Bad("a_count_of_4000_digits", line(error(1))[:-2] + b',"count":' + b"9" * 4000 + b"}\n", "expected 1 to", "count"),
    Bad("a_count_of_200000_digits", line(error(1))[:-2] + b',"count":' + b"9" * 200_000 + b"}\n", r"\$.count"),
    Bad("too_many_exceptions", frame({"message": "x", "exceptions": [{"type": "E"}] * 33}), "at most 32", "exceptions"),
    Bad("too_many_frames", frame({"message": "x", "exceptions": [{"type": "E", "frames": [{}] * 201}]}), "200",
        "frames"),
    Bad("a_cause_of_itself", frame({"message": "x", "exceptions": [{"type": "E", "parent": 7}]}), "parent", "parent"),
    Bad("a_huge_line_number", line({"message": "x", "exceptions": [{"type": "E", "frames": [{"line": 2**64}]}]}),
        "more than 64 bits", "line"),
    Bad("a_huge_time", line(error(1))[:-2] + b',"time":' + b"9" * 400 + b"}\n", r"\$.time"),
    Bad("deep_json", b'{"message":"x","context":{"a":' + b"[" * DEEP + b"]" * DEEP + b"}}\n", "recursion"),
    Bad("deep_json_in_an_unknown_field", b'{"message":"x","zzz":' + b"[" * DEEP + b"]" * DEEP + b"}\n", "recursion"),
    Bad("deep_messagepack", raw(b"\x82\xa7message\xa1x\xa7context\x81\xa1a" + b"\x91" * DEEP + b"\xc0"), "recursion"),
    Bad("a_frame_of_2_gib", b"\x7f\xff\xff\xff" + b"x" * 100, "at most 262144", SENT),
    Bad("a_line_without_an_end", b'{"message":"' + b"x" * (limits.FRAME_BYTES + 1000), "without an end", SENT),
    Bad("a_line_too_long", line({"message": "x", "context": {"a": text(limits.FRAME_BYTES)}}), "a line of 2", SENT),
    Bad("a_short_session", line({"hello": 1, "session": "00"}), "session: expected 16 bytes", SENT),
    Bad("a_session_that_is_no_hex", line({"hello": 1, "session": "x" * 32}), "session: expected 16 bytes", SENT),
    Bad("a_later_hello", line({**HELLO, "hello": 2}), "this node speaks 1", SENT),
    Bad("a_hello_of_4000_digits", line(HELLO).replace(b":1,", b":" + b"9" * 4000 + b","), "speaks 1", SENT),
    Bad("hello_twice", line(HELLO) * 2, "hello was said before", SENT),
    Bad("a_gap", line(HELLO) + line({"seq": 7, **error(1)}), "gap", SENT),
    Bad("a_huge_number", line(HELLO) + line({"seq": 2**63, **error(1)}), "gap", SENT),
    Bad("a_negative_number", line(HELLO) + line({"seq": -1, **error(1)}), "gap", SENT),
    Bad("a_record_without_a_number", line(HELLO) + line(error(1)), "gap", SENT),
)  # fmt: skip

ODD = (  # strange, and nevertheless a record
    line({"message": "odd", "type": "Odd", "no such field": [1, 2, {"a": None}], "": 1}),
    frame({"message": "odd", "type": "Odd", "session": b"\xff" * 100, "extra": {1: 2}}),
    line({"message": "odd", "type": "Odd", "time": "yesterday", "id": text(1000)}),
    line({"message": "odd", "type": "Odd", "context": {"deep": [[[[[[[[[["x"]]]]]]]]]]}}),
    frame({"message": "odd", "type": "Odd", "exceptions": [{"type": "Odd", "frames": [{"line": -1}] * 200}]}),
    line({"message": "odd", "type": "Odd"})[:-2] + b',"context":{"a":' + b"[" * 33 + b"]" * 33 + b"}}\n",
    raw(b"\x83\xa7message\xa3odd\xa4type\xa3Odd\xa7context\x81\xa1a" + b"\x91" * 500 + b"\xc0"),
)

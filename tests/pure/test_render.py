"""What an issue says: everything a person needs, nothing that acts, never more than GitHub takes."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator import render
from aggregator.bundle import Bundle, Related, Sighting
from aggregator.comments import counts
from aggregator.filing.marker import has_event, read_issue_marker
from aggregator.filing.settings import Settings
from aggregator.record import ErrorRecord, ExceptionInfo, Frame
from aggregator.sections import BUDGETS
from aggregator.tally import Total
from tests.pure.factories import name
from tests.pure.strategies import hostile

KEY = b"k" * 32
NOW = 1_800_000_000.0
SETTINGS = Settings(node="alice", login="bot", marker_key=KEY)
TOTAL = Total(
    count=1234,
    first=NOW - 3600,
    last=NOW,
    severity=2,
    title="ValueError: order <number> has no owner in load",
    kin="0" * 16,
    nodes=frozenset({"alice", "bob"}),
    services={"shop": 1200, "api": 34},
    releases={"1.2": 1234},
    samples=(),
)
BUNDLE = Bundle(
    root=name(1),
    roots=frozenset({name(1)}),
    repository="Acme/shop",
    generation=2,
    since=NOW - 60,
    signatures=(name(1), name(2)),
    total=TOTAL,
    count_ever=2000,
    related=(Related(name(3), "ValueError: something else", 7, 12), Related(name(4), "ValueError: @team", 2, 0)),
    sightings=(Sighting(NOW, "12D3KooWAlice", 1000), Sighting(NOW - 900, "12D3KooWBob", 234)),
)
RECORD = ErrorRecord(
    message="order 77 has no owner",
    type="ValueError",
    exceptions=[
        ExceptionInfo(
            "ValueError",
            frames=[
                Frame("main", "shop.cli", "shop/cli.py", 10, True, "run()"),
                Frame("load", "shop.orders", "shop/orders.py", 20, True, "return owner[order]"),
                Frame("get", "lib.cache", "lib/site-packages/lib/cache.py", 5, False),
            ],
        ),
        ExceptionInfo("KeyError", "builtins", "cause", 0, [Frame("get", "shop.db", "shop/db.py", 3, True)]),
    ],
    messages=["'owner'"],
    logs=[f"line {n}" for n in range(160)],
    context={
        "command": "shop run",
        "arguments": {"order": 77},
        "cwd": "~/shop",
        "environment": {"LANG": "C.UTF-8"},
        "python": "3.11.9",
        "platform": "Linux",
        "tenant": ["a", 1],
    },
    service="shop",
    release="1.2",
)


def written(bundle: Bundle = BUNDLE, record: ErrorRecord | None = RECORD, **changes: Any) -> str:
    return render.body(bundle, record, msgspec.structs.replace(SETTINGS, **changes), NOW)


def test_the_marker_comes_first_and_is_genuine():
    assert written().startswith("<!-- error-aggregator:1 ")
    assert read_issue_marker(KEY, written()) == (name(1), 2)


def test_the_status_is_the_bundles():
    status = render.read_status(written())
    assert status
    assert (status.count, status.ever, status.nodes, status.severity) == (1234, 2000, 2, 2)
    assert status.services == {"shop": 1200, "api": 34}
    assert status.updated == NOW


DIAGNOSTICS = (
    "ValueError: order 77 has no owner",
    "shop/orders.py",
    "return owner[order]",
    "KeyError: 'owner'",
    "direct cause of the following exception",
    "command: shop run",
    '{"order": 77}',
    "cwd: ~/shop",
    "LANG: C.UTF-8",
    "line 159",
    "line 60",
    "python: 3.11.9",
    "platform: Linux",
    'tenant: ["a", 1]',
    "release: 1.2",
    "12D3KooWBob",
    "2 nodes",
    "(#12)",
    name(1),
    name(2),
    f"aggregator mute {name(1)}",
)


@pytest.mark.parametrize("text", DIAGNOSTICS)
def test_a_body_has_all_the_diagnostics(text: str):
    assert text in written()


def test_one_node_is_not_one_nodes():
    total = msgspec.structs.replace(TOTAL, nodes=frozenset({"alice"}))
    alone = msgspec.structs.replace(BUNDLE, total=total)
    assert "on 1 node; first" in render.body(alone, RECORD, SETTINGS, NOW)


def test_only_the_last_hundred_log_lines_are_shown():
    assert "line 59\n" not in written()


def test_the_stack_trace_can_be_left_out():
    assert "shop/orders.py" not in written(stack_trace=False)
    assert "order 77 has no owner" in written(stack_trace=False)


def test_members_of_a_group_are_shown_below_it():
    group = ErrorRecord(
        message="two of them",
        exceptions=[
            ExceptionInfo("ExceptionGroup"),
            ExceptionInfo("ValueError", link="member", parent=0),
            ExceptionInfo("OSError", link="member", parent=0),
            ExceptionInfo("KeyError", link="context", parent=2),
        ],
        messages=["first", "second", "inner"],
    )
    text = written(record=group)
    order = [
        text.index(part)
        for part in ("ExceptionGroup: two", "| ValueError: first", "| KeyError: inner", "| OSError: second")
    ]
    assert order == sorted(order)


def test_without_a_record_the_counts_and_the_title_still_stand():
    text = written(record=None)
    assert "ValueError: order" in text
    assert "1,234" in text
    assert "### Logs" not in text


def test_a_secret_that_reached_the_record_does_not_reach_the_issue():
    secret = "ghp_" + "a1B2" * 9
    leaky = msgspec.structs.replace(
        RECORD,
        message=f"bad token {secret}",
        logs=[secret],
        context={"command": f"x --token {secret}", "k": {"a": secret}},
    )
    bundle = msgspec.structs.replace(BUNDLE, total=msgspec.structs.replace(TOTAL, title=f"ValueError: {secret}"))
    assert secret not in written(bundle, leaky)
    assert secret not in render.title(bundle, leaky, SETTINGS)


def test_the_budgets_together_leave_room_for_all_else():
    fixed = len(written(record=None).encode())
    assert sum(BUDGETS.values()) + 3 * 1024 <= render.BODY_CHARS
    assert fixed < render.BODY_CHARS


FULL = ErrorRecord(
    message="@" * 8192,
    exceptions=[
        ExceptionInfo("E" * 256, frames=[Frame("f" * 256, "m", "p" * 200, 1, True, "@" * 300)] * 200) for _ in range(4)
    ],
    messages=["`" * 8192] * 3,
    logs=["@#" * 1000] * 1000,
    context={
        "command": "\u202e" * 4096,
        "environment": {f"N{i}": "é" * 4096 for i in range(200)},
    }
    | {f"k{i}": "`" * 4096 for i in range(200)},
)


def test_the_largest_record_fits_and_says_what_was_left_out():
    text = written(record=FULL)
    assert len(text) <= render.BODY_CHARS
    assert len(text.encode()) <= render.BODY_CHARS
    assert "characters left out" in text
    assert "### Related" in text
    assert fences_are_closed(text)


def fences_are_closed(text: str) -> bool:
    """Reads a body as CommonMark does: a fence is closed by one at least as long, of the same kind."""
    opened = ""
    for line in text.split("\n"):
        found = re.match(r" {0,3}(`{3,}|~{3,})(.*)$", line)
        if found and not opened:
            opened = found[1]
        elif found and not found[2].strip() and found[1][0] == opened[0] and len(found[1]) >= len(opened):
            opened = ""
    return not opened


def outside_fences(text: str) -> str:
    kept: list[str] = []
    opened = ""
    for line in text.split("\n"):
        found = re.match(r" {0,3}(`{3,}|~{3,})(.*)$", line)
        if not opened and found:
            opened = found[1]
        elif opened and found and not found[2].strip() and found[1][0] == opened[0] and len(found[1]) >= len(opened):
            opened = ""
        elif not opened:
            kept.append(line)
    return "\n".join(kept)


records = st.builds(
    ErrorRecord,
    message=hostile.filter(lambda text: bool(text.strip())),
    type=hostile,
    exceptions=st.lists(
        st.builds(
            ExceptionInfo,
            type=hostile,
            module=hostile,
            frames=st.lists(st.builds(Frame, function=hostile, file=hostile, source=hostile), max_size=3),
        ),
        max_size=3,
    ),
    messages=st.lists(hostile, max_size=3),
    logs=st.lists(hostile, max_size=5),
    context=st.dictionaries(
        st.one_of(hostile, st.sampled_from(["command", "arguments", "cwd", "environment"])),
        st.one_of(hostile, st.dictionaries(hostile, hostile, max_size=2), st.none(), st.integers()),
        max_size=5,
    ),
    service=hostile,
)


def hostile_bundle(text: str) -> Bundle:
    total = msgspec.structs.replace(TOTAL, title=f"E: {text}", services={text or "x": 3}, releases={text or "x": 3})
    sighting = Sighting(NOW, text, 1)
    return msgspec.structs.replace(BUNDLE, total=total, related=(Related(name(9), text, 1, 5),), sightings=(sighting,))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(records, hostile)
def test_nothing_in_a_record_acts(record: ErrorRecord, text: str):
    body = written(hostile_bundle(text), record)
    assert fences_are_closed(body)
    assert len(re.findall("<!-- error-aggregator:1", body)) == 1
    assert len(re.findall("<!-- error-aggregator-status", body)) == 1
    assert re.search(r"@(?!\u200b)\w", body) is None
    plain = outside_fences(body)
    assert set(re.findall(r"#\d+", plain)) == {"#5"}
    assert not re.search(r"<(?!!-- /?error-aggregator)\w", plain.replace("\\<", ""))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", body)
    body.encode()


@settings(deadline=None)
@given(
    records,
    hostile,
    st.sampled_from(["{type}: {message} in {function}", "[Auto-Generated] {type}: {message}", "{service}"]),
)
def test_a_title_is_one_short_inert_line(record: ErrorRecord, text: str, template: str):
    title = render.title(hostile_bundle(text), record, msgspec.structs.replace(SETTINGS, title=template))
    assert 0 < len(title) <= render.TITLE_CHARS
    assert len(title.splitlines()) == 1
    assert re.search(r"@(?!\u200b)\w", title) is None
    title.encode()


def test_the_default_title_names_type_message_and_the_programs_own_function():
    assert render.title(BUNDLE, RECORD, SETTINGS).startswith("ValueError: order ")
    assert render.title(BUNDLE, RECORD, SETTINGS).endswith(" has no owner in get")


def test_a_title_is_the_same_whatever_values_the_record_carries():
    other = msgspec.structs.replace(RECORD, message="order 78 has no owner")
    assert render.title(BUNDLE, other, SETTINGS) == render.title(BUNDLE, RECORD, SETTINGS)


def test_without_a_record_the_title_says_what_was_counted_and_does_not_dangle():
    assert render.title(BUNDLE, None, SETTINGS).endswith("has no owner in load")
    other = msgspec.structs.replace(BUNDLE, total=msgspec.structs.replace(TOTAL, title="E: broken"))
    assert render.title(other, None, SETTINGS) == "E: broken"


def test_a_long_message_is_cut_in_the_title():
    long = msgspec.structs.replace(RECORD, message="badly broken " * 40)
    title = render.title(BUNDLE, long, SETTINGS)
    assert title.endswith("… in get")
    assert len(title) <= len("ValueError: ") + 80 + len(" in get")


@pytest.mark.parametrize(
    ("templates", "severity", "expected"),
    [
        (("bug", "severity:{severity}"), 2, ("error-aggregator", "bug", "severity:high")),
        (("auto-generated", "bug", "{priority}"), 3, ("error-aggregator", "auto-generated", "bug", "priority")),
        (("auto-generated", "bug", "{priority}"), 1, ("error-aggregator", "auto-generated", "bug")),
        (("Bug", "bug", "error-aggregator", ""), 0, ("error-aggregator", "Bug")),
        (("a,b", "x" * 60), 0, ("error-aggregator", "a b", "x" * 50)),
    ],
)
def test_labels(templates: tuple[str, ...], severity: int, expected: tuple[str, ...]):
    bundle = msgspec.structs.replace(BUNDLE, total=msgspec.structs.replace(TOTAL, severity=severity))
    assert render.labels(bundle, msgspec.structs.replace(SETTINGS, labels=templates)) == expected


def test_each_comment_carries_the_marker_of_its_event():
    for text, event in (
        (render.duplicate_comment(SETTINGS, 7), "duplicate-7"),
        (render.linked_note(SETTINGS, 8), "linked-8"),
        (render.regression_comment(BUNDLE, SETTINGS, NOW, "regression-1"), "regression-1"),
        (render.adopted_comment(BUNDLE, SETTINGS, NOW), f"adopted-{BUNDLE.root}"),
        (render.flapping_comment(BUNDLE, SETTINGS, 3, "flapping-3"), "flapping-3"),
    ):
        assert has_event(KEY, text, event)
        assert not has_event(KEY, text, "other")


def test_counts_in_a_comment_are_exact():
    assert "1,234 in the lookback, 2,000 known in all" in counts(BUNDLE)


def test_an_issue_that_follows_another_says_so():
    assert "#41" in render.body(BUNDLE, RECORD, SETTINGS, NOW, previous=41)

"""Every target, fed with hypothesis: seeds that were changed, MessagePack, JSON, and anything at all."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, kept

SHORT = 15  # examples of each target in a usual run
LONG = 3_000
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)  # are no failures here

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=10,
)


def json_of(value: object) -> bytes:
    return msgspec.json.encode(value)


@st.composite
def changed(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed of which parts were replaced, repeated, left out, or put into another."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 16)))
        data[start:end] = draw(st.binary(max_size=8) | plain.map(msgspec.msgpack.encode) | plain.map(json_of))
    return bytes(data)


def inputs(name: str) -> st.SearchStrategy[bytes]:
    return (
        changed(TARGETS[name].seeds) | plain.map(msgspec.msgpack.encode) | plain.map(json_of) | st.binary(max_size=200)
    )


def feed(name: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=SLOW)
    @given(inputs(name))
    def run(data: bytes) -> None:
        TARGETS[name].run(data)

    run()


@pytest.mark.parametrize("name", TARGETS)
def test_its_own_seeds_are_read(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_the_laws_hold_for_anything(name: str) -> None:
    feed(name, SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_the_laws_hold_for_much_more(name: str) -> None:
    feed(name, LONG)


@pytest.mark.parametrize(("name", "path"), [(name, path) for name in TARGETS for path in kept(name)])
def test_what_once_broke_a_target_does_not_any_more(name: str, path: Path) -> None:
    TARGETS[name].run(path.read_bytes())

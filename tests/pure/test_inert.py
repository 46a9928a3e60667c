"""Hostile text does nothing on GitHub: not in a title, not in a line of Markdown, not in a fence."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.inert import BREAK, CUT, fenced, inline, plain, shown, truncate
from tests.pure.strategies import hostile

PIECES = st.sampled_from(
    [
        *(
            "@",
            "bob",
            "/",
            "org",
            "#",
            "1",
            "GH-",
            "gh-",
            "o/r",
            "fixes",
            "Closes",
            "resolved",
            ":",
            " ",
            "\n",
            "\t",
            "\r",
        ),
        *(
            "https://github.com/o/r/issues/1",
            "www.",
            "http://",
            "mailto:a@b.c",
            "<",
            ">",
            "!--",
            "--",
            "-",
            "picture",
            "img src=x",
        ),
        *("&", "#64;", "#x40;", "commat;", "lt;", "`", "```", "~~~", "$", "$$", "|", "*", "_", "[", "](", "!", "\\"),
        *(
            "\u200b",
            "\u200d",
            "\u2060",
            "\ufeff",
            "\u202e",
            "\u2066",
            "\u00ad",
            "\U000e0041",
            "\x00",
            "\x1b[31m",
            "\x7f",
            "\ud800",
        ),
        *("<!-- error-aggregator:1 ", "a" * 39 + "1", "0123456789abcdef" * 3, "é", "漢", "🙂"),
    ]
)
attacks = hostile | st.lists(PIECES | st.text(max_size=4), max_size=24).map("".join)

MENTION = re.compile(r"@[A-Za-z0-9]")
REFERENCE = re.compile(r"#\d|\bGH-\d", re.IGNORECASE)
TAG = re.compile(r"<[A-Za-z/!?]")
ENTITY = re.compile(r"&(?:#\d|#[xX][0-9a-fA-F]|[A-Za-z][A-Za-z0-9]*;)")
LINK = re.compile(r"https?://|\bwww\.|(?<!\\)\]\(", re.IGNORECASE)
COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])")
CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b[:\s]*(?:#|GH-|\w+/\w+#|$)", re.IGNORECASE)
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def closing_fence(block: str) -> int:
    """The number of the line that ends the block, read as CommonMark reads it."""
    lines = block.split("\n")
    opening = re.match(r"`{3,}", lines[0])
    assert opening
    for number, line in enumerate(lines[1:], 1):
        close = re.fullmatch(r" {0,3}(`+)[ \t]*", line)
        if close and len(close[1]) >= len(opening[0]):
            return number
    raise AssertionError("the fence is never closed")


@given(attacks)
@pytest.mark.parametrize("form", [plain, inline])
def test_nothing_in_a_line_is_live(form: Callable[[str], str], text: str):
    line = form(text)
    for live in (MENTION, REFERENCE, TAG, ENTITY, LINK, COMMIT, CLOSING, UNSEEN):
        assert not live.search(line), (live.pattern, line)
    assert "-->" not in line
    assert "`" not in line
    assert "$" not in line
    assert len(line.splitlines()) <= 1
    line.encode()


@given(attacks, attacks)
def test_two_lines_side_by_side_make_nothing_live(first: str, second: str):
    line = f"{plain(first)}{plain(second)}"
    for live in (MENTION, REFERENCE, TAG, ENTITY, LINK):
        assert not live.search(line), (live.pattern, line)


@given(attacks)
def test_a_line_made_inert_twice_is_the_same(text: str):
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(categories=["L", "N", "Zs"], exclude_characters="\u115f\u1160\u3164\uffa0"), max_size=40))
def test_words_stay_as_they_were_written(text: str):
    assert "".join(plain(text).replace(BREAK, "").split()) == "".join(text.split())


@given(attacks)
def test_marks_of_markdown_are_escaped_in_a_line(text: str):
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_~|{}\[\]]", inline(text))


@pytest.mark.parametrize("text", ["> x", "- x", "+ x", "= x", "1. x", "2) x", "# x", "* x"])
def test_a_line_starts_no_block(text: str):
    assert not re.match(r"(?:[>+=\-*]|\d+[.)]|#+\s)", inline(text))


@given(attacks)
def test_fenced_text_cannot_close_its_fence(text: str):
    block = fenced(text)
    assert closing_fence(block) == block.count("\n")


@given(attacks)
def test_nothing_in_a_fence_is_live(text: str):
    block = fenced(text)
    for live in (MENTION, REFERENCE, UNSEEN):
        assert not live.search(block), (live.pattern, block)
    assert "<!--" not in block
    assert "-->" not in block
    assert "\t" not in block
    block.encode()


@given(attacks | st.just("`" * 5_000) | st.just("漢" * 500), st.integers(-5, 400))
def test_a_block_keeps_its_limit_and_its_fences(text: str, limit: int):
    block = fenced(text, limit)
    assert len(block.encode()) <= max(limit, 0)
    if block:
        assert closing_fence(block) == block.count("\n")


def test_a_block_that_was_cut_says_so():
    assert CUT in fenced("x" * 100, 50)
    assert CUT not in fenced("x" * 10, 50)


def test_what_is_invisible_is_shown_in_a_fence():
    assert shown("a\u202eb\u200bc\x00d\x1b[31me\tf\r\ng") == "a<U+202E>b<U+200B>c␀de    f\ng"


def test_indentation_survives_in_a_fence():
    assert "\n  File" in fenced("Traceback:\n  File x")


@given(st.text(), st.integers(0, 200))
def test_truncation_halves_no_character_and_keeps_the_limit(text: str, limit: int):
    cut = truncate(text, limit)
    assert len(cut.encode(errors="replace")) <= limit
    if len(text.encode(errors="replace")) <= limit:
        assert cut == text
    elif cut:
        assert cut.endswith(CUT)
        assert text.startswith(cut.removesuffix(CUT))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words, nothing else.", "plain words, nothing else."),
        ("mail bob@example.org", f"mail bob@{BREAK}example.org"),
        ("fixes #12", f"f{BREAK}ixes #{BREAK}12"),
        ("fixes the bug", "fixes the bug"),
        ("s1-0123456789abcdef0123456789abcdef", "s1-0123456789abcdef0123456789abcdef"),
        ("a\n\tb\x00", "a b"),
    ],
)
def test_how_a_title_is_made_inert(text: str, expected: str):
    assert plain(text) == expected

"""Text from an error, on GitHub, does nothing: it notifies nobody, links to nothing, closes nothing, hides nothing.

GitHub looks for mentions and references in the text that is left after Markdown was rendered, so escaping them in
Markdown does not help: `\\@someone` still notifies. A zero-width space after the `@` does, also in the e-mail that is
made of the issue, where code is no longer code. It is put after every character that could start something: `@`, `#`,
`GH-`, `<`, `&`, `://`. What is invisible in the text itself (direction marks, zero-width characters, controls) is
taken out first, or shown where the text is fenced, so nothing can pass in pieces.

`plain` is for titles and commit messages, which are not Markdown; `inline` for a line of Markdown; `fenced` for
everything longer. None of them can be undone by what is written before or after it in the same paragraph.
"""

import re

BREAK = "\u200b"  # zero-width space: GitHub sees two words, a reader one
CUT = " […]"
FENCE = 3  # backticks; more when the text contains as many
RUN = 32  # backticks in a row that are left in fenced text: an endless run would need an endless fence
TAB = 4

# What has no width, no direction of its own, or no business in text: taken out, or shown as its number.
_UNSEEN_CLASS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{_UNSEEN_CLASS}]")
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,32}[A-Za-z]")
_NOISE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_BLANK = re.compile(r"[\s\x1c-\x1f\x85\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NEWLINE = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")

_LIVE = re.compile(  # places, not characters: where a break goes, also for what the next text may begin with
    r"(?<=[@#<])|(?<=&)(?=[#A-Za-z]|\Z)|(?<=:)(?=//|/\Z)|\A(?=//)|(?<=[wW]{3})(?=\.|\Z)|(?<=--)(?=>|\Z)"
    r"|(?<=\b[gG][hH]-)|(?<=mailto)(?=:)|(?<=\])(?=[(\[:]|\Z)"
)
_LIVE_IN_CODE = re.compile(r"(?<=@)|(?<=#)(?=\d)|(?<=<)(?=!--)|(?<=--)(?=>)|(?<=\b[gG][hH]-)(?=\d)")
_COMMIT = re.compile(r"(?<![0-9A-Za-z])([0-9a-fA-F]{7})(?=[0-9a-fA-F]{33}(?![0-9A-Za-z]))")
_CLOSES = re.compile(
    r"\b([cfr])(?=(?:lose[sd]?|ix(?:e[sd])?|esolve[sd]?)\b[:\s]{0,4}(?:#|gh-|https?:|[\w.\-/]{1,100}#|\Z))",
    re.IGNORECASE,
)
_MARK = re.compile(r"[\\*_~|{}\[\]]")
_BLOCK = re.compile(r"^(?:[>+=\-]|\d{1,9}(?=[.)]))")
# Code and mathematics reach over what follows: look-alikes do not.
_REACHING = {ord("`"): "\u02cb", ord("$"): "\uff04"}
_TICKS = re.compile(r"`+")


def plain(text: str) -> str:
    """`text` as one line for a title or a commit message."""
    text = _SURROGATE.sub("\ufffd", _ANSI.sub("", text))
    text = _BLANK.sub(" ", _NOISE.sub("", _UNSEEN.sub("", text))).strip()
    text = text.translate(_REACHING)
    return _COMMIT.sub(rf"\1{BREAK}", _LIVE.sub(BREAK, _CLOSES.sub(rf"\1{BREAK}", text)))


def inline(text: str) -> str:
    """`text` as one line of Markdown that shows what was written, also within a table."""
    text = _MARK.sub(r"\\\g<0>", plain(text))
    return _BLOCK.sub(lambda start: f"\\{start[0]}" if not start[0].isdigit() else f"{start[0]}{BREAK}", text)


def fenced(text: str, limit: int | None = None) -> str:
    """`text` as a block of code whose fence it cannot close: at most `limit` bytes, all in all, if that is given.

    Empty where `limit` leaves no room for the fences.
    """
    body = shown(text)
    fence = "`" * max(FENCE, 1 + max((len(run) for run in _TICKS.findall(body)), default=0))
    if limit is not None:
        room = limit - 2 * len(fence) - len("text\n\n")
        if room < len(CUT.encode()):
            return ""
        body = truncate(body, room)
    return f"{fence}text\n{body}\n{fence}"


def shown(text: str) -> str:
    """`text` for a block of code: what is invisible is shown, what could act does not."""
    text = _NEWLINE.sub("\n", _ANSI.sub("", text)).replace("\t", " " * TAB)
    text = _UNSEEN.sub(_as_number, _CONTROL.sub(_as_picture, _SURROGATE.sub("\ufffd", text)))
    text = re.sub(f"(`{{{RUN}}})(?=`)", rf"\1{BREAK}", text)
    return _LIVE_IN_CODE.sub(BREAK, _CLOSES.sub(rf"\1{BREAK}", text)).rstrip()


def truncate(text: str, limit: int, mark: str = CUT) -> str:
    """`text` in at most `limit` bytes of UTF-8, with `mark` at its end if it was cut; no character is halved."""
    data = text.encode(errors="replace")
    if len(data) <= limit:
        return text
    room = limit - len(mark.encode())
    if room < 0:
        return ""
    return data[:room].decode(errors="ignore") + mark


def _as_picture(control: re.Match[str]) -> str:
    code = ord(control[0])
    return chr(0x2400 + code) if code < 0x20 else f"<U+{code:04X}>"


def _as_number(unseen: re.Match[str]) -> str:
    return f"<U+{ord(unseen[0]):04X}>"

"""Secrets that are known by the name before them.

`key=value`, `"key": "value"`, `key: value`, `--key value`, `%3D`, `=>`, and the same inside JSON inside JSON. One
expression finds names with a separator; whether the name is sensitive and the value worth hiding is decided in
Python, where the exceptions can be named: `KeyError: 'id'`, `Unexpected token: }`, `password: YES` and `token =
get_token()` are no secrets, and hiding them would hide the bug.

In doubt the value goes. The one place where doubt favours the text is a single everyday word (`key`, `token`, `auth`)
before a colon or an equals sign and a single plain word after it.
"""

import re

from aggregator.redact.lazily import lazily
from aggregator.redact.names import sensitive
from aggregator.redact.shapes import REDACTED

_PAIR = lazily(
    r"(?<![\w.\-])(?P<dash>-{1,3})?(?P<name>\w[\w.\-]{0,200}+)(?P<close>\\{0,3}[\"'`]?\]?)"
    r"(?P<sep>\s{0,4}(?:=>|:=|=(?!=)|:(?!:|//)|%3[Dd])\s{0,4}|(?(dash)[ \t]{1,4}(?=[^\s\-])|(?!)))"
)
_XML = lazily(r"<(?P<name>[A-Za-z][\w.\-]{0,64})>(?P<value>[^<>]{1,512})</")
_JUDGED = 256  # characters of a value that are read before it is known to be a secret

# A closing mark ends an unquoted value, unless more of it follows that does not look like the next pair.
_BARE = r"(?:\[redacted\]|[^\s\"'<>,;&)}\]\[]|[\[<]|[,;&)}\]]++(?=[^\s\"'<>,;&)}\]])(?![\w.\-]{1,40}[\"']?[=:]))"
# Only the first `_JUDGED` characters, so that what is not hidden is not read to its end for each name within it.
_VALUE = lazily(
    r"(?P<open>[bBuUrRfF]{0,2}\\{0,3}[\"'`])"
    rf"|(?P<box>[\[({{](?!redacted\]|\{{)[^\])}}]{{0,{_JUDGED}}}+[\])}}]?+)"
    rf"|(?P<bare>{_BARE}{{1,{_JUDGED}}}+)"
)
_REST = lazily(rf"{_BARE}*+")
_BOX_REST = lazily(rf"[^\])}}]*+[\])}}]?+{_BARE}*+")
_QUOTED = {  # up to the closing quote, or to the end where that was cut off
    '"': lazily(r'(?:[^"\\]|\\[\s\S])*+'),
    "'": lazily(r"(?:[^'\\]|\\[\s\S])*+"),
    "`": lazily(r"(?:[^`\\]|\\[\s\S])*+"),
}
_ESCAPED = {quote: lazily(rf"[^{quote}\\]*+") for quote in _QUOTED}
_HEADERS = ("authorization", "proxy-authorization", "http_authorization", "cookie", "set-cookie", "http_cookie")
_LINE = lazily(r"[^\r\n\"']*+")
_WHOLE_LINE = lazily(r"[^\r\n]*+")
_SCHEME = lazily(
    r"(?i)(?:basic|bearer|token|negotiate|apikey|ntlm)\s{1,4}(?=\S)|(?:digest|aws4-[\w\-]{1,24}|hawk|oauth)\s{1,4}(?=\S)"
)
_ONE_WORD = lazily(r"\S++")
_CLOSING = lazily(r"\\{0,3}[\"'`][\\\"'`)\]},;.:]{0,12}\Z")  # the quote around a whole header, and what follows it
_CLOSING_CHARS = 16  # the most that it matches

_TYPE = lazily(r"(?:Error|Exception|Warning|Fault|Exit|Interrupt|Expired|Invalid|NotFound)$")
_EVERYDAY = lazily(
    r"(?i)(?:[a-z]+\.)*(?:keys?|tokens?|(?:o|un)?auth|oauth2|auth(?:entication|orization)|cookies?|private|dsn|credentials?|secrets?)"
)
_PLAIN = lazily(r"[A-Za-z_][A-Za-z_.\-/]{0,15}[.:!?]?|[^\w\s]{1,3}")
_EMPTY = lazily(
    r"(?i)(?:none|null|nil|undefined|true|false|yes|no|on|off|n/a|required|missing|invalid|expired|empty|unset|not|wrong|incorrect"
    r"|failed|failure|denied|unknown|must|is|was|has|field|this|the|too|cannot|can't|bad|str|string|int|bytes|bool|optional\[?.*)?[.,:!?]?"
)
_MASK = lazily(r"[*•.xX#]{3,}|\[redacted\]|<[^<>]*>?|\$\{?[A-Z_]+\}?|\$?\{\{?[^{}]*\}?\}?|%s|%\(\w+\)s|\\+[nrt]?")
_CALL = lazily(r"(?:await )?[A-Za-z_][A-Za-z_.]*(?:\([^()]*\)?|\[[^\[\]]*\]?)[\w.()\[\]\"']*|self\.[\w.]+|os\.[\w.]+")
_NUMBER = lazily(r"-?\d+(?:\.\d+)?")
_COUNT = lazily(
    r"(?i)(?:tokens|keys|cookies|secrets)$|count|limit|max|min|num|len|size|ttl|expir|timeout|version|index|rate|usage|(?:^|_)n_"
)
_AFTER_FLAG = lazily(
    r"(?i)(?:to|or|and|is|for|with|in|on|option|flag|argument|if|was|when|must|has|requires?|instead|not|from|as|a|an|the)[.,]?"
)


def hide_assigned(text: str) -> str:
    """`text` without the values of sensitive names."""
    parts: list[str] = []
    done = 0
    pair = _PAIR().search(text)
    while pair:
        span = _secret_span(text, pair)
        if span:
            parts += (text[done : span[0]], REDACTED)
            done = span[1]
        pair = _PAIR().search(text, max(pair.end(), done))
    text = "".join((*parts, text[done:])) if parts else text
    return _XML().sub(_hide_element, text) if "</" in text else text


def _hide_element(match: re.Match[str]) -> str:
    if not sensitive(match["name"]) or not match["value"].strip():
        return match[0]
    return f"<{match['name']}>{REDACTED}</"


def _secret_span(text: str, pair: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret of this pair starts and ends, or None where there is none."""
    name = pair["name"]
    if not sensitive(name):
        return None
    if pair["sep"].lstrip()[:1] == ":" and not pair["close"] and _TYPE().search(name):
        return None
    value = _VALUE().match(text, pair.end())
    if value is None:
        return None
    if value["open"]:
        return _quoted_span(text, pair, value)
    if name.lower() in _HEADERS:
        return _header_span(text, value.start(), None)
    if not _worth_hiding(pair, value[0], quoted=False):
        return None
    open_box = value["box"] and value[0][-1] not in "])}"
    rest = (_BOX_REST if open_box else _REST)().match(text, value.end())
    return value.start(), rest.end() if rest else value.end()


def _quoted_span(text: str, pair: re.Match[str], value: re.Match[str]) -> tuple[int, int] | None:
    """The same for a value in quotes; they stay."""
    form = (_ESCAPED if "\\" in value["open"] else _QUOTED)[value["open"][-1]]()
    start = value.end()
    body = form.match(text, start, start + _JUDGED)
    end = body.end() if body else start
    if pair["name"].lower() not in _HEADERS and not _worth_hiding(pair, text[start:end], quoted=True):
        return None
    body = form.match(text, start)
    end = body.end() if body else start
    return _header_span(text, start, end) if pair["name"].lower() in _HEADERS else (start, end)


def _header_span(text: str, start: int, end: int | None) -> tuple[int, int] | None:
    """Of a header the scheme stays. Without an end it ends with the word for simple schemes, else with the line."""
    scheme = _SCHEME().match(text, start)
    at = scheme.end() if scheme else start
    if end is None:
        end = _header_end(text, at, scheme[0][:1].lower() if scheme else "")
    value = text[at:end].strip()
    if value in ("", REDACTED) or (not scheme and (_PLAIN().fullmatch(value) or _EMPTY().fullmatch(value))):
        return None
    return at, end


def _header_end(text: str, at: int, scheme: str) -> int:
    """Basic, Bearer, Token and Negotiate take one word; Digest quotes; a cookie runs up to whatever quotes it."""
    form = _LINE if not scheme else _ONE_WORD if scheme in "btn" else _WHOLE_LINE
    rest = form().match(text, at)
    if rest is None:
        return at
    closing = _CLOSING().search(text, max(at, rest.end() - _CLOSING_CHARS), rest.end()) if form is _ONE_WORD else None
    return closing.start() if closing else rest.end()


def _worth_hiding(pair: re.Match[str], value: str, quoted: bool) -> bool:
    name, colon = pair["name"], ":" in pair["sep"]
    if _EMPTY().fullmatch(value) or _MASK().fullmatch(value):
        return False
    if _NUMBER().fullmatch(value) and _COUNT().search(name):
        return False
    if quoted and pair["close"]:
        return True
    if not pair["close"] and not pair["dash"] and _harmless(name, value, colon):
        return False
    if quoted:
        return True
    if pair["dash"] and not pair["sep"].strip():
        return not _AFTER_FLAG().fullmatch(value)
    return colon or not _CALL().fullmatch(value)


def _harmless(name: str, value: str, colon: bool) -> bool:
    """`key=name`, `unexpected token: identifier`, `unknown keys: ['a', 'b']`: an everyday word before a plain one."""
    if value[:1] in "[({" and name.lower() in ("key", "keys"):
        return True
    return bool(((colon and _EVERYDAY().fullmatch(name)) or name in ("key", "keys")) and _PLAIN().fullmatch(value))


def counts(name: str) -> bool:
    """Whether a number under this sensitive name is a quantity (`max_tokens`) rather than a secret."""
    return bool(_COUNT().search(name))

"""Text from errors, made bounded and safe to encode.

Hostile or broken objects are shown through `shown`, which never raises an `Exception`; what a text loses is marked.
"""

from __future__ import annotations

PARTIAL_CHARS = 256  # a word that the cut went through is dropped up to this length: half a secret matches no pattern
MARK = "…"


def cut(text: str, chars: int) -> str:
    """At most `chars` characters of `text`, without the word that the cut went through."""
    if len(text) <= chars:
        return text
    head = text[: chars - 1]
    edge = len(head) - PARTIAL_CHARS
    word = max(head.rfind(" ", edge), head.rfind("\n", edge))
    return head[: word if word > 0 else max(edge, 0)] + MARK


def clean(text: str) -> str:
    """`text` as what every encoder takes: lone surrogates are escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def exact(value: object, chars: int) -> str:
    """The first `chars` characters of a `str`, as a real `str` whatever a subclass overrides; else empty."""
    return str.__getitem__(value, slice(0, chars)) if isinstance(value, str) else ""


def shown(value: object, chars: int) -> str:
    """A bounded `repr` that survives a hostile object."""
    try:
        return exact(repr(value), chars)
    except Exception:
        return f"<{exact(type(value).__name__, 100)} that cannot be shown>"

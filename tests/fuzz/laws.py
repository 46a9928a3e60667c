"""What every target asks of what it hears."""

from aggregator.brief import REASON_CHARS

TEXT_CHARS = REASON_CHARS + 160  # a quoted value, and our own words around it


def short(text: str) -> None:
    """An error's text can be shown: it says something, in few words."""
    assert text.strip(), "an error without words"
    assert len(text) <= TEXT_CHARS, f"an error of {len(text)} characters: {text[:300]}"
    text.encode()  # a lone surrogate could not be sent

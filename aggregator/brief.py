"""What was sent, as an error about it quotes it: short, and with both of its ends.

A decoder's words may hold a value of the sender's at full length, and say behind it where that stood. So the middle is
left out: an error never costs more than `REASON_CHARS`, whatever it is about.
"""

REASON_CHARS = 240  # of one error text; what we say ourselves is shorter
_END = REASON_CHARS // 3
_GAP = " … "


def brief(text: object) -> str:
    """`text` in at most `REASON_CHARS` characters."""
    given = str(text)
    if len(given) <= REASON_CHARS:
        return given
    return given[: REASON_CHARS - _END - len(_GAP)] + _GAP + given[-_END:]

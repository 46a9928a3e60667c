"""Which names say that what they hold is a secret.

A name is sensitive when it contains one of `WORDS`, whatever its case: `AWS_SECRET_ACCESS_KEY`, `apiKey`,
`x-auth-token`. Words of everyday life that happen to contain one (`keyboard`, `author`, `tokenizer`) are taken out of
the name first. Environment variables are judged more strictly: there only the two exceptions of the promise count,
because nobody misses a variable, and everybody notices a leak.
"""

from functools import lru_cache

from aggregator.redact.lazily import lazily

WORDS = ("token", "secret", "passw", "passphrase", "key", "credential", "auth", "cookie", "dsn", "private")
# Not in the promise, but the same thing under other names.
MORE = (
    "passcode",
    "pwd",
    "mnemonic",
    "sessionid",
    "session_id",
    "sessid",
    "connect.sid",
    "jwt",
    "psk",
    "accesssig",
    "x-amz-sig",
)

# One of these is in every sensitive name: what a text without them says needs no further look.
NEEDLES = ("token", "secret", "pass", "key", "credential", "auth", "cookie", "dsn", "private", *MORE[1:])

_STRICT = lazily(r"keyboard|keyword")
_EVERYDAY = lazily(
    r"keyboard|keyword|keystroke|keyframe|keynote|keypoint|keyspace|keypad|monkey|turkey|donkey|hockey|whiskey|jockey"
    r"|(?:primary|foreign|sort|partition|unique)[_ -]?key|author(?!i[sz])|authentici|tokeni[sz]|secretar|cookiecutter"
    r"|privateer|passwordless"
)
_PASS = lazily(r"(?:^|[_.\- ])pass$|[a-z]Pass$")
_NAMES = 1_024  # remembered answers; names come from hostile text, so there is an end to them


@lru_cache(maxsize=_NAMES)
def sensitive(name: str) -> bool:
    """Whether what is stored under `name` is a secret."""
    lowered = name.lower()
    if _PASS().search(name) or _PASS().search(lowered):
        return True
    if not any(word in lowered for word in WORDS + MORE):
        return False
    rest = _EVERYDAY().sub("", lowered)
    return any(word in rest for word in WORDS + MORE)


def sensitive_variable(name: str) -> bool:
    """Whether an environment variable of this name may never leave the process."""
    lowered = _STRICT().sub("", name.lower())
    return any(word in lowered for word in WORDS) or sensitive(name)

"""Secrets that are known by their looks.

Each shape has one or more needles, literals of which one is in every match. Looking for needles costs next to
nothing, so text without secrets, which is nearly all text, is never put through an expression; and an expression is
compiled when it is first needed, so that importing this costs a worker nothing. Needles are looked for in the lowered
text.

Every repetition is possessive or bounded, which keeps the time linear in the length of the text. Tokens have no upper
bound and no word boundary at their end: formats grow, and a pattern of the old length leaves the tail in the log.
Lower bounds are short, because a message may have been cut inside a token.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from aggregator.redact.lazily import lazily

REDACTED = "[redacted]"

_UUID = lazily(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")  # a name more often than a secret


class Shape:
    """`replacement` is a template of `re.sub`, or a function of the match."""

    def __init__(
        self, needles: tuple[str, ...], pattern: str, replacement: str | Callable[[re.Match[str]], str] = REDACTED
    ) -> None:
        self.needles = needles
        self.pattern = lazily(pattern)
        self.replacement = replacement


def _spread(pem: re.Match[str]) -> str:
    return f"{pem['head']}{REDACTED}{pem['tail'] or ''}"


def _hex_key(match: re.Match[str]) -> str:
    """64 hex digits are a hash more often than a key: a key when the words before say so."""
    before = match.string[max(0, match.start() - 48) : match.start()].lower()
    named = re.search(r"key|psk|secret|private|swarm|seed|base16", before)
    return REDACTED if named and not re.search(r"(?:sha-?256|digest|checksum)\W{0,3}$", before) else match[0]


def _long_enough(match: re.Match[str]) -> str:
    """`bearer of bad news` stays; `Bearer` and something with a digit, or very long, goes."""
    value = match["value"]
    if len(value) >= 20 or any(c.isdigit() for c in value):
        return match["name"] + REDACTED
    return match[0]


def _random(match: re.Match[str]) -> str:
    value = match["value"]
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return match["name"] + REDACTED if mixed and not _UUID().fullmatch(value) else match[0]


def _user(match: re.Match[str]) -> str:
    """User and host stay: they are half of every diagnosis. A user that is itself a key goes."""
    user = REDACTED if REDACTED in match["user"] or _keylike(match["user"]) else match["user"]
    return f"://{user}:{REDACTED}@"


def _lone_user(match: re.Match[str]) -> str:
    """The first half of a Sentry DSN is a key, the one of `ssh://git@host` is not."""
    return f"://{REDACTED}@" if _keylike(match["user"]) else match[0]


def _keylike(user: str) -> bool:
    return len(user) >= 16 and any(c.isdigit() for c in user)


_GAP = r"(?:\\{1,3}[nrt]|[\s\"',+])"  # between the lines of a key: also as escapes, or as the lines of a source file
_PEM_LINE = rf"(?:{_GAP}*+(?:(?:Proc-Type|DEK-Info|Comment|Version): [^\n\\]{{1,200}}|[A-Za-z0-9+/=]{{16,}}+))"
_PEM_REST = rf"(?:{_GAP}*+[A-Za-z0-9+/=]{{1,76}}+(?=\s*+(?:\\{{1,3}}[nr])*+(?:\Z|-)))"
_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"

SHAPES: tuple[Shape, ...] = (
    # A whole key, or one whose end was cut off: then everything that still looks like its body.
    Shape(
        ("private key",),
        r"(?P<head>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)(?:\[redacted\])?+"
        rf"{_PEM_LINE}*+{_PEM_REST}?+(?P<tail>{_GAP}*+{_END})?+",
        _spread,
    ),
    # A key whose beginning was cut off.
    Shape(
        ("private key",),
        rf"(?<![A-Za-z0-9+/=])(?P<head>)[A-Za-z0-9+/=]++{_GAP}{{1,4}}(?:[A-Za-z0-9+/=]{{16,}}+{_GAP}{{1,4}}){{0,200}}+"
        rf"(?:[A-Za-z0-9+/=]{{1,76}}+{_GAP}{{1,4}})?+(?P<tail>{_END})",
        _spread,
    ),
    Shape(("ls0tls1crudjti",), r"LS0tLS1CRUdJTi[A-Za-z0-9+/=_\-]*+"),  # the same in base64, as in a kubeconfig
    Shape(("private-lines:",), r"(?P<head>Private-Lines: \d{1,4}\s)(?:\s*+[A-Za-z0-9+/=]{4,}+)*+(?P<tail>)", _spread),
    Shape(("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9._\-]{10,}+"),
    Shape(("github_pat_",), r"github_pat_[A-Za-z0-9_]{10,}+"),
    Shape(("glpat-", "gldt-", "glrt-", "glptt-", "glft-"), r"gl(?:pat|dt|rt|ptt|ft)-[A-Za-z0-9_\-.]{10,}+"),
    Shape(("eyj",), r"eyJ[A-Za-z0-9_\-]{8,}+(?:\.[A-Za-z0-9_\-]{2,}+)(?:\.[A-Za-z0-9_\-]*+){0,3}"),
    Shape(("akia", "asia", "abia", "acca"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}+"),
    Shape(("aiza",), r"AIza[A-Za-z0-9_\-]{20,}+"),
    Shape(("ya29.", "gocspx-", "1//0"), r"(?:ya29\.|GOCSPX-|1//0)[A-Za-z0-9_\-.]{10,}+"),
    Shape(("xox", "xapp-", "xwfp-"), r"(?:xox[a-z]|xapp|xwfp)-[A-Za-z0-9\-]{8,}+"),
    Shape(
        ("hooks.slack.com/",),
        r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_\-]++",
        rf"\1{REDACTED}",
    ),
    Shape(("/webhooks/",), r"(discord(?:app)?\.com/api/webhooks/)\d{1,25}/[\w\-]++", rf"\1{REDACTED}"),
    Shape((".webhook.office.com/",), r"(\.webhook\.office\.com/)[\w@/\-]++", rf"\1{REDACTED}"),
    Shape(("_live_", "_test_", "whsec_"), r"(?:[srp]k_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{10,}+"),
    Shape(("sk-",), r"(?<![a-z])sk-(?=[A-Za-z_\-]{0,40}\d)[A-Za-z0-9_\-]{16,}+"),
    Shape(("sk-ant-", "sk-proj-"), r"sk-(?:ant|proj)-[A-Za-z0-9_\-]{8,}+"),
    Shape(("hf_", "npm_", "gsk_"), r"(?<![a-z_])(?:hf|npm|gsk)_[A-Za-z0-9]{16,}+"),
    Shape(("pypi-ag",), r"pypi-Ag[A-Za-z0-9_\-]{10,}+"),
    Shape(("dop_v1_", "doo_v1_", "dor_v1_"), r"do[opr]_v1_[a-f0-9]{16,}+"),
    Shape(("shpat_", "shpca_", "shppa_", "shpss_"), r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{16,}+"),
    Shape(("sg.",), r"SG\.[A-Za-z0-9_\-]{16,}+\.[A-Za-z0-9_\-]{10,}+"),
    Shape(("key-",), r"(?<![A-Za-z0-9])key-[0-9a-f]{24,}+"),
    Shape(("sk", "dapi"), r"(?<![A-Za-z0-9])(?:SK|dapi)[0-9a-f]{32}"),
    Shape(("hvs.", "hvb.", "hvr."), r"hv[sbr]\.[A-Za-z0-9_\-]{16,}+"),
    Shape(("dckr_pat_", "rubygems_", "lin_api_"), r"(?:dckr_pat|rubygems|lin_api)_[A-Za-z0-9_\-]{12,}+"),
    Shape(("glsa_", "sntrys_", "sntryu_", "r8_"), r"(?<![a-z])(?:glsa|sntry[su]|r8)_[A-Za-z0-9_=+/\-]{20,}+"),
    Shape(
        ("pplx-", "nvapi-", "xai-", "pul-", "nrak-"), r"(?<![A-Za-z])(?:pplx|nvapi|xai|pul|NRAK)-[A-Za-z0-9_\-]{16,}+"
    ),
    Shape(("age-secret-key-1",), r"AGE-SECRET-KEY-1[A-Z0-9]{10,}+"),
    Shape(("sq0atp-", "sq0csp-"), r"sq0(?:atp|csp)-[A-Za-z0-9_\-]{10,}+"),
    Shape(("dp.",), r"(?<![a-z])dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9.]{16,}+"),
    Shape((":aa",), r"(?<!\d)\d{6,12}:AA[A-Za-z0-9_\-]{30,}+"),  # a Telegram bot
    Shape(
        ("caes", "caas"), r"(?<![A-Za-z0-9+/])(?:CAES[QI][A-Za-z0-9+/]{75,}+|CAAS[A-Za-z0-9+/]{300,}+)={0,2}"
    ),  # libp2p
    Shape(
        ("/base16/", "key", "psk", "secret", "swarm", "seed"),
        r"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{64}(?![0-9a-zA-Z])",
        _hex_key,
    ),
    Shape(("://",), r"://(?P<user>[^\s/:@\"'<>?#\[\]]{0,256}+)@", _lone_user),
    Shape(
        ("://",),
        r"://(?P<user>(?:\[redacted\]|[^\s/:@\"'<>?#\[\]]){0,256}+):(?!\d{1,5}(?:[/?#\s\"']|\Z))"
        r"(?:[^\s\"'<>/?#]{1,256}|[^\s\"'<>]{1,256}?)@",
        _user,
    ),
    Shape(("jdbc:oracle",), r"(jdbc:oracle:\w{1,10}:[^/\s]{1,64})/[^@\s]{1,128}@", rf"\1/{REDACTED}@"),
    Shape(
        ("bearer", "basic"),
        r"(?P<name>\b(?i:bearer|basic)(?:\s|%20|\+){1,3})(?P<value>[A-Za-z0-9._~+/=\-]{6,}+)",
        _long_enough,
    ),
    Shape(
        ("token", "key", "secret", "passw", "passphrase"),
        r"(?P<name>(?i:token|key|secret|passw(?:or)?d|passphrase)(?: is| was| of)?[ \t]{1,3}[\"'`]?)"
        r"(?P<value>[A-Za-z0-9_+/=.\-]{20,}+)",
        _random,
    ),
    Shape(
        ("passw", "passphrase"),
        r"(?P<name>\b(?i:password|passwd|passphrase)(?: is| was)?[ \t]{1,3})"
        r"(?P<quote>[\"'`])[^\"'`\n]{1,256}(?P=quote)",
        rf"\g<name>\g<quote>{REDACTED}\g<quote>",
    ),
    Shape(("login ",), r"(\blogin\s{1,4}\S{1,128}\s{1,4}password\s{1,4})\S++", rf"\1{REDACTED}"),  # netrc
    Shape(
        ("curl", "wget", "http"),
        r"(?P<name>\b(?:curl|wget|https?)\b[^\n]{0,300}?\s"
        r"(?:-u|--user|--proxy-user|-a)[ =]?[\"']?[^\s:\"'/]{1,128}:)(?!//)[^\s\"']++",
        rf"\g<name>{REDACTED}",
    ),
    Shape(
        ("mysql", "mariadb"), r"(\b(?:mysql|mariadb)[a-z\-]{0,12}\b[^\n]{0,200}?\s-p)(?![\s\[])\S++", rf"\1{REDACTED}"
    ),
    Shape(("sshpass",), r"(\bsshpass\s{1,3}-p\s{0,3})\S++", rf"\1{REDACTED}"),
    Shape(
        ("sig=", "signature="),
        r"(?P<name>[?&;](?:sig|Signature|X-Amz-Signature)=)[^&;\s\"'<>]{8,}+",
        rf"\g<name>{REDACTED}",
    ),
)


_BY_NEEDLE = tuple((needle, place) for place, shape in enumerate(SHAPES) for needle in shape.needles)


def possible(lowered: str) -> list[Shape]:
    """The shapes that a text may contain, by its needles. `lowered` is `text.lower()`."""
    return [SHAPES[place] for place in dict.fromkeys([place for needle, place in _BY_NEEDLE if needle in lowered])]


def hide_shapes(text: str, shapes: list[Shape]) -> str:
    """`text` without the secrets that look like one of `shapes`."""
    for shape in shapes:
        text = shape.pattern().sub(shape.replacement, text)
    return text

"""What in a message is a value rather than wording: an expression for each sort, in the order in which they are tried.

All of them are joined into one, so a message is read once. The first character decides which are tried at all, and
plain words, which are most of any message, are passed over in runs. Every repetition is bounded or possessive, since
messages are hostile. Values that are written now this way, now that (a hash of digits only, an address as number or
as name) share a placeholder: the sort of a value must not tell two occurrences of one error apart.

These expressions are part of version s1 of the signature: once it has shipped they do not change.
"""

# ruff: noqa: E501 - an expression reads better on one line than in pieces

import re
from collections.abc import Callable

N, Q, TIME, HOST, PATH, URL, EMAIL = "<n>", "<q>", "<time>", "<host>", "<path>", "<url>", "<email>"

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|CET|CEST|EST|EDT|PST|PDT)\b| ?[+\-]\d{2}:?\d{2}\b)?"
_SPAN = (
    r"(?:nanoseconds?|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?|months?|years?"
    r"|[num\u00b5\u03bc]s|msecs?|usecs?|secs?|mins?|hrs?|[smhd])"
)
_SIZE = r"(?:[kKMGTPE]i?B(?:/s)?|[kKMG](?:bit|bps|b)(?:/s)?|bytes?|bits?|B|[KMGT]|%|\u00b0C|[kMG]?Hz)"
_RELEASE = r"(?:[\-.]?(?:alpha|beta|rc|dev|post|pre|a|b)[.\-]?\d{0,9})?(?:\+[\w.]{1,40})?(?!\w)"
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,6}|\d{1,40}+)(?:\.\d{1,40}){0,5}(?:[eE][+\-]?\d{1,4})?"
_SUFFIX = (
    r"(?:csv|tsv|jsonl?|ya?ml|toml|ini|cfg|conf|env|txt|log|md|rst|py[cdiow]?|ipynb|[cm]?js|[jt]sx|ts|css|html?|xml|svg|pdf"
    r"|png|jpe?g|gif|webp|tiff?|bmp|mp[34]|wav|avi|mkv|zip|t?gz|tar|bz2|xz|zst|7z|rar|whl|egg|jar|db|sqlite3?|parquet|npy|npz"
    r"|h5|pt|pth|onnx|pkl|pickle|bin|dat|tmp|bak|lock|pid|sock|so|dll|dylib|exe|bat|cmd|sh|pem|crt|cer|key|docx?|xlsx?|pptx?|sql)"
)
_TLD = r"(?:com|net|org|io|dev|app|cloud|local|internal|intranet|lan|corp|home|test|example|localdomain|svc|edu|gov|co|ai|de|uk|eu|fr|ch)"
_IPV6 = (
    r"(?=[0-9a-fA-F:]{0,40}::|(?:[0-9a-fA-F]{1,4}:){6})(?:[0-9a-fA-F]{0,4}:){2,7}"
    r"(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{1,4})?(?:%\w{1,15})?(?:/\d{1,3})?"
)
_PART = r"[\w.@+~%\-=#$]"

# What a value may begin with. Most begin in one way only.
STARTS = {
    "quote": "['\"`\u2018\u201c\u00ab\u201e]",
    "digit": "[0-9]",
    "letter": "[A-Za-z_]",
    "sign": r"[+\-]",
    "mark": r"[/~.\\]",
    "open": r"[\[:]",
}

# (rule, starts, expression, what stands for it). A rule may have several; switching it off leaves out all of them.
VALUES: tuple[tuple[str, str, str, str], ...] = (
    ("quoted", "quote", r"'(?<!\w')(?:[^'\\]|\\.|'(?=\w)){0,400}+'(?!\w)", Q),
    ("quoted", "quote", r"\"(?<!\w\")(?:[^\"\\]|\\.){0,400}+\"(?!\w)", Q),
    ("quoted", "quote", r"`(?<!\w`)[^`]{0,400}+`", Q),
    ("quoted", "quote", r"[\u2018\u201c\u00ab\u201e][^\u2019\u201d\u00bb\u201c]{0,400}+[\u2019\u201d\u00bb\u201c]", Q),
    ("quoted", "letter", r"[bBuU](?<!\w.)'(?:[^'\\]|\\.|'(?=\w)){0,400}+'(?!\w)", Q),
    ("quoted", "letter", r"[bBuU](?<!\w.)\"(?:[^\"\\]|\\.){0,400}+\"(?!\w)", Q),
    ("url", "letter", r"[A-Za-z](?<![A-Za-z0-9].)[A-Za-z0-9+.\-]{1,20}+://[^\s\"'<>`|\\^{}]{1,2000}+", URL),
    ("email", "letter digit", r"\w(?<![\w.+\-].)[\w.+\-]{0,64}+@[A-Za-z0-9](?:[\w\-]|\.(?=\w)){0,252}+", EMAIL),
    ("time", "digit", rf"\d(?<!\d.)\d{{3}}[\-/]\d{{2}}[\-/]\d{{2}}(?:(?:T| {{1,2}}){_CLOCK}{_ZONE})?(?!\d)", TIME),
    ("time", "digit", rf"\d(?<![\d.].)\d?[./]\d{{1,2}}[./]\d{{4}}(?:,? {_CLOCK}{_ZONE})?(?![\d.])", TIME),
    ("time", "digit", r"\d(?<!\d.)\d{7}T\d{6}(?:\.\d{1,9})?Z?(?!\w)", TIME),
    ("time", "digit", rf"\d(?<![\w.].)\d?[ \-/]{_MONTH}[ \-/]\d{{2,4}}(?:[ :,]{{1,2}}{_CLOCK}{_ZONE})?(?!\w)", TIME),
    ("time", "letter", rf"(?<![A-Za-z]){_MONTH}\.? {{1,2}}\d{{1,2}}(?:,? {{1,2}}\d{{4}})?"
     rf"(?:,? {{1,2}}{_CLOCK}{_ZONE}(?: \d{{4}})?)?(?!\w)", TIME),
    ("time", "letter", rf"[MTWFS](?<!\w.)[a-z]{{2,8}},? {{1,2}}(?:{_MONTH} {{1,2}}\d{{1,2}}(?:,? {{1,2}}\d{{4}})?|\d{{1,2}}[ \-]{_MONTH}[ \-]\d{{2,4}})"
     rf"(?:,? {{1,2}}{_CLOCK}{_ZONE}(?: \d{{4}})?)?(?!\w)", TIME),
    ("duration", "digit", rf"\d(?<![\w.].)\d{{0,5}} days?, {_CLOCK}", N),
    ("time", "digit", r"\d(?<![\w:.].)\d?:\d{2}(?::\d{2}(?:[.,]\d{1,9})?(?: ?[AaPp][Mm]\b)?(?![\w:])| ?[AaPp][Mm]\b)", N),
    ("uuid", "digit letter", r"[0-9a-fA-F](?<![0-9A-Za-z].)[0-9a-fA-F]{7}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])", N),
    ("address", "digit", r"\d(?<![\w.].)\d{0,2}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w.]\d)", HOST),
    ("address", "digit letter", r"[0-9a-fA-F](?<![\w:].)[0-9a-fA-F](?:[:\-][0-9a-fA-F]{2}){5}(?![\w:])", N),
    ("address", "open", rf"\[{_IPV6}\]", HOST),
    ("address", "open digit letter", rf"(?<![\w:.]){_IPV6}(?:(?![\w:])|(?=:\d{{5}}(?!\w)))", HOST),
    ("address", "letter digit", rf"[A-Za-z0-9](?<![\w.\-/@].)(?:[\w\-]){{0,62}}+(?:\.[A-Za-z0-9][\w\-]{{0,62}}+){{0,7}}?\.{_TLD}(?![\w\-/(]|\.\w)", HOST),
    ("address", "letter", r"l(?<![\w.\-/].)ocalhost(?![\w\-/(]|\.\w)", HOST),
    ("address", "letter", r"[a-z](?:(?<=[cC]onnect to .)|(?<=[cC]onnecting to .)|(?<=[cC]onnection to .))(?:[\w\-]){0,62}+(?=:\d{1,5}(?!\w))", HOST),
    ("path", "letter", r"[A-Za-z](?<!\w.):[\\/](?![\\/]{2})(?:[^\\/:*?\"'<>|\r\n]{1,64}[\\/]{1,2}){0,40}[^\\/:*?\"'<>|\s,;()]{0,255}+", PATH),
    ("path", "mark", r"\\(?<![\w\\].)\\[\w.\-$]{1,64}+(?:\\{1,2}[^\\/:*?\"'<>|\r\n\s]{1,128}+){1,40}", PATH),
    ("path", "mark", r"/(?<!\w.)(?:ip[46]|dns[46]?|dnsaddr|p2p|unix)/[^\s\"'<>,;()]{1,500}+", PATH),  # a libp2p multiaddress
    ("path", "mark", rf"[/~.](?<![\w./<>~)\]].)(?:(?<=/){_PART}{{1,255}}+|(?<=~)\w{{0,32}}/{_PART}{{1,255}}+|(?<=\.)\.?/{_PART}{{1,255}}+)"
     rf"(?:/{_PART}{{1,255}}+){{0,60}}+/?(?:\?[^\s\"'<>]{{1,500}}+)?", PATH),
    ("path", "letter digit", rf"\w(?<![\w./<>@:].)[\w.@\-]{{0,128}}+(?:/{_PART}{{1,255}}+){{2,60}}+", PATH),
    ("path", "letter digit", rf"\w(?<![\w./<>@:].)(?:[\w.@\-]{{0,128}}+/)?+[\w\-]{{0,128}}+(?:\.[\w\-]{{1,64}}+){{0,3}}?\.{_SUFFIX}(?![\w/(]|\.\w)", PATH),
    ("hex", "digit", r"0(?<![0-9A-Za-z].)[xX][0-9a-fA-F]{1,64}+", N),
    ("temporary", "letter", r"t(?<![0-9A-Za-z].)mp(?:[a-z0-9_]{8}|\.[A-Za-z0-9]{6,10})(?![0-9A-Za-z])", N),
    ("duration", "digit", r"(?<![\w.])(?:\d{1,9}(?:\.\d{1,9})?(?:ms|us|ns|[dhms])){2,6}(?!\w)", N),
    ("duration", "letter", r"P(?<![\w.].)(?:\d{1,6}[DWMY]){0,4}(?:T(?:\d{1,9}(?:\.\d{1,9})?[HMS]){1,3})?(?<=\d[A-Z])(?!\w)", N),
    ("duration", "digit", rf"(?<![\w.]){_NUMBER} ?{_SPAN}(?!\w)", N),
    ("duration", "sign", rf"[+\-](?<![\w.)\]>].){_NUMBER} ?{_SPAN}(?!\w)", N),
    ("size", "digit", rf"(?<![\w.]){_NUMBER} ?{_SIZE}(?!\w)", N),
    ("size", "sign", rf"[+\-](?<![\w.)\]>].){_NUMBER} ?{_SIZE}(?!\w)", N),
    ("number", "digit", rf"\d(?<![\w.].)\d{{0,8}}(?:\.\d{{1,9}}){{2,4}}{_RELEASE}", N),
    ("number", "letter", rf"[vV](?<![\w.].)\d{{1,9}}(?:\.\d{{1,9}}){{1,4}}{_RELEASE}", N),
    ("identifier", "letter digit", r"[A-Za-z0-9](?<![\w+/=\-].)(?=[A-Za-z+/_\-]{0,40}\d|(?<=\d))[A-Za-z0-9+/_\-]{23,512}+={0,2}", ""),
    ("identifier", "letter", r"[A-Za-z_](?<!\w.)(?=[A-Za-z_\-]{0,60}+\d)[A-Za-z0-9_\-]{0,255}+(?<!-)", ""),
    ("number", "digit", rf"(?<!\d){_NUMBER}(?![A-Za-z_])", N),
    ("identifier", "digit", r"\d(?<!\w.)\d{0,40}+(?=[A-Za-z_])[A-Za-z0-9_\-]{0,255}+(?<!-)", ""),
    ("number", "sign", rf"[+\-](?<![\w.)\]>].){_NUMBER}(?![A-Za-z_])", N),
    ("number", "digit", rf"(?<!\d){_NUMBER}", N),
)  # fmt: skip

# Nothing to replace: runs of words that are only words; then, where no value begins, what need not be looked at again.
_WORD = rf"(?!{_MONTH}\.? |(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)|tmp|localhost)[A-Za-z_]++(?:['\-][A-Za-z_]++)*+(?![\w/@\\+\-\"'`]|[.:][\w/\\.:\[])"
PLAIN = rf"(?:(?<![\w.+\-/@\\]){_WORD}(?:[ ,;()=!?<>{{}}|*&^%$#]|[.:](?=\s|\Z))*+)++"
REST = {"letter": r"[A-Za-z_]++", "digit": r"[0-9]++"}

RULES = tuple(dict.fromkeys(value[0] for value in VALUES))

# Words with digits in them that are names of things, not values.
_WORDS = frozenset(
    """
    int8 int16 int32 int64 int128 uint8 uint16 uint32 uint64 float16 float32 float64 bfloat16 complex64 complex128
    i8 i16 i32 i64 u8 u16 u32 u64 f16 f32 f64 utf8 utf-8 utf_8 utf16 utf-16 utf-16-le utf-16-be utf32 utf-32
    latin1 latin-1 latin_1 cp437 cp850 cp1252 cp932 iso-8859-1 iso8859-1 iso8859 md4 md5 sha1 sha-1 sha224 sha-224
    sha256 sha-256 sha384 sha-384 sha512 sha-512 sha3 sha3-256 blake2b blake2s blake3 crc32 argon2 base16 base32
    base36 base58 base64 base64url ed25519 x25519 secp256k1 secp256r1 aes128 aes256 aes-128 aes-256 aes-256-gcm
    rsa2048 x509 asn1 pkcs1 pkcs7 pkcs8 pkcs12 ip4 ip6 ipv4 ipv6 dns4 dns6 http1 http2 http3 h2 h3 tls1 tlsv1
    sslv2 sslv3 oauth1 oauth2 u2f s3 ec2 r2 k8s p2p b2b e2e i18n l10n log4j neo4j sqlite3 psycopg2 psycopg3
    urllib2 urllib3 boto3 jinja2 bs4 lz4 bz2 zlib1 h5py hdf5 web3 html5 css3 es6 python2 python3 py2 py3 pypy3
    pip3 x86 x86_64 x64 amd64 arm64 aarch64 armv7 win32 win64 mp3 mp4 h264 h265 level0 level1 stage1 stage2 phase1
    phase2 v1 v2 v3 v4
    """.split()  # noqa: SIM905
)
_SEGMENT = re.compile(r"([\-_])")
_HEXLIKE = re.compile(r"[0-9a-fA-F]{4,}")
_TRAILING = re.compile(r"([A-Za-z]+)\d+")
_CHANGES = re.compile(r"\d(?=[A-Za-z])|[A-Za-z](?=\d)")
_POD = re.compile(r"-(?=[a-z]{0,9}\d)[a-z0-9]{8,10}-[a-z0-9]{5}$")  # what Kubernetes puts after a deployment's name
_SAME = re.compile(r"<n>(?:[\-_]?<n>)+")
_LONG = 20  # characters from which a mixture of letters and digits is no name that somebody chose


def identifier(token: str) -> str:
    """A word with digits in it: a name that a person chose stays, its number and anything random goes."""
    if token.lower() in _WORDS:
        return token
    if len(token) >= _LONG and _drawn(token):
        return N
    if "/" in token or "+" in token:
        return re.sub(r"[A-Za-z0-9_\-]*\d[A-Za-z0-9_\-]*", lambda part: identifier(part[0]), token)
    parts = [_segment(part) for part in _SEGMENT.split(token)]
    if _POD.search(token):
        parts[-3:] = [N]
    return _SAME.sub(N, "".join(parts))


def _drawn(token: str) -> bool:
    """Whether a long token looks drawn: digits all over it, or both cases and a digit, and hardly a separator."""
    pieces = re.split(r"[\-_/+]", token)
    longest = max(pieces, key=len)
    changes = len(_CHANGES.findall(longest))
    if "+" in token or token.endswith("="):  # base64
        return changes > 0 and not token.islower() and not token.isupper()
    return len(longest) >= _LONG - 4 and changes >= 3


def _segment(part: str) -> str:
    if not any(c.isdigit() for c in part):
        return part
    if part[0].isdigit() or _HEXLIKE.fullmatch(part):
        return N
    trailing = _TRAILING.fullmatch(part)
    if trailing:
        return trailing[1] + N
    return N if len(part) >= 5 else re.sub(r"\d+", N, part)


def expression(off: frozenset[str]) -> tuple[re.Pattern[str], dict[str, tuple[str, Callable[[str], str]]]]:
    """All values but those of the rules in `off`, and for each group the rule and what it puts in the place of a value.

    A group without a rule is text to be left as it is.
    """
    actions: dict[str, tuple[str, Callable[[str], str]]] = {}
    branches = [f"(?P<plain>{PLAIN})"]
    for start, characters in STARTS.items():
        inner: list[str] = []
        for i, (rule, starts, text, stands) in enumerate(VALUES):
            if start in starts.split() and rule not in off:
                inner.append(f"(?P<{start}{i}>{text})")
                actions[f"{start}{i}"] = (rule, _action(rule, stands))
        if start in REST:
            inner.append(f"(?P<{start}>{REST[start]})")
        if inner:
            branches.append(f"(?={characters})(?:{'|'.join(inner)})")
    return re.compile("|".join(branches), re.DOTALL), actions


def _action(rule: str, stands: str) -> Callable[[str], str]:
    if not stands:
        return identifier
    if rule == "url":
        return lambda url: stands + url[len(url.rstrip(".,;:!?)]")) :]
    return lambda _: stands

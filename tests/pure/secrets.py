"""Secrets of every shape, put together when the tests run, so that no scanner takes this file for a leak.

`SHAPES` are secrets that give themselves away: pairs of a text and the part of it that must be gone afterwards.
`NAMES`, `FORMS` and `VALUES` together make those that are known by the name before them.
"""

import base64
import hashlib


def _random(seed: str, length: int, alphabet: str) -> str:
    data = b"".join(hashlib.sha512(f"{seed}{i}".encode()).digest() for i in range(length // 64 + 1))
    return "".join(alphabet[byte % len(alphabet)] for byte in data[:length])


LOWER = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
HEX = DIGITS + "abcdef"
ALNUM = LOWER + LOWER.upper() + DIGITS
WORDY = ALNUM + "_-"


def alnum(length: int, seed: str = "a") -> str:
    return "7" + _random(seed, length - 1, ALNUM)


def hexed(length: int, seed: str = "h") -> str:
    return "e4" + _random(seed, length - 2, HEX)


def _jwt() -> str:
    return ".".join(("ey" + "J" + alnum(30, "j1"), "ey" + "J" + alnum(60, "j2"), alnum(43, "j3")))


def pem(kind: str = "RSA ", lines: int = 12, newline: str = "\n") -> str:
    body = newline.join(base64.b64encode(alnum(48, f"pem{i}").encode()).decode() for i in range(lines))
    return f"-----BEGIN {kind}PRIVATE" + f" KEY-----{newline}{body}{newline}-----END {kind}PRIVATE" + " KEY-----"


def _whole(*secrets: str) -> list[tuple[str, str]]:
    return [(secret, secret) for secret in secrets]


SHAPES: list[tuple[str, str]] = [
    *_whole(
        "gh" + "p_" + alnum(36, "1"),
        "gh" + "o_" + alnum(36, "2"),
        "gh" + "u_" + alnum(40, "3"),
        "gh" + "r_" + alnum(76, "4"),
        "gh" + "s_" + alnum(36, "5"),
        "gh" + "s_" + "1234567_" + _jwt() + "-" + alnum(300, "6"),
        "github" + "_pat_" + alnum(22, "7") + "_" + alnum(59, "8"),
        "AK" + "IA" + _random("9", 16, LOWER.upper() + DIGITS),
        "AS" + "IA" + _random("10", 16, LOWER.upper() + DIGITS),
        "AI" + "za" + _random("11", 35, WORDY),
        "ya" + "29." + _random("12", 120, WORDY),
        "GOC" + "SPX-" + alnum(28, "13"),
        "1/" + "/0" + _random("14", 60, WORDY),
        "xo" + "xb-" + _random("15", 12, DIGITS) + "-" + alnum(24, "16"),
        "xo" + "xp-" + _random("17", 12, DIGITS) + "-" + alnum(32, "18"),
        "xa" + "pp-1-" + alnum(11, "19") + "-" + hexed(64, "20"),
        "sk" + "_live_" + alnum(24, "21"),
        "rk" + "_live_" + alnum(24, "22"),
        "sk" + "_test_" + alnum(24, "23"),
        "wh" + "sec_" + alnum(32, "24"),
        "sk" + "-" + alnum(48, "25"),
        "sk" + "-proj-" + alnum(80, "26"),
        "sk" + "-ant-api03-" + alnum(93, "27"),
        "hf" + "_" + alnum(34, "28"),
        "np" + "m_" + alnum(36, "29"),
        "py" + "pi-AgEIcHlwaS5vcmc" + alnum(120, "30"),
        "gl" + "pat-" + alnum(20, "31"),
        "dop" + "_v1_" + hexed(64, "32"),
        "sh" + "pat_" + hexed(32, "33"),
        "SG" + "." + alnum(22, "34") + "." + alnum(43, "35"),
        "ke" + "y-" + hexed(32, "36"),
        "S" + "K" + hexed(32, "37"),
        "da" + "pi" + hexed(32, "38"),
        "hv" + "s." + alnum(90, "39"),
        "dckr" + "_pat_" + alnum(27, "40"),
        "ruby" + "gems_" + hexed(48, "41"),
        "gl" + "sa_" + alnum(32, "42") + "_" + hexed(8, "43"),
        "AGE-SECRET-" + "KEY-1" + _random("44", 58, LOWER.upper() + DIGITS),
        "sq0" + "atp-" + alnum(22, "45"),
        "gs" + "k_" + alnum(52, "46"),
        "7" + _random("47", 9, DIGITS) + ":A" + "A" + _random("48", 33, WORDY),
        _jwt(),
        "CA" + "ESQ" + _random("49", 92, ALNUM + "+/"),
        "LS0tLS1" + "CRUdJTi" + alnum(200, "50"),
    ),
    ("hooks.slack" + ".com/services/T00000000/B00000000/" + alnum(24, "51"), alnum(24, "51")),
    ("https://discord" + ".com/api/webhooks/123456789012/" + alnum(68, "52"), alnum(68, "52")),
    ("postgres" + "://app:" + alnum(16, "53") + "@db.internal:5432/shop", alnum(16, "53")),
    ("mongodb+srv" + "://root:" + alnum(12, "54") + "/" + "x9@cluster0.example.net", alnum(12, "54")),
    ("redis" + "://:" + alnum(20, "55") + "@cache:6379/0", alnum(20, "55")),
    ("amqp" + "://guest:p%40" + alnum(9, "56") + "@mq//", alnum(9, "56")),
    ("https" + "://" + hexed(32, "57") + "@o1.ingest.sentry.io/42", hexed(32, "57")),
    ("https" + "://" + alnum(40, "58") + ":x-oauth-basic@github.com/o/r.git", alnum(40, "58")),
    ("jdbc:oracle" + ":thin:scott/" + alnum(9, "59") + "@//db:1521/x", alnum(9, "59")),
    ("Bearer " + alnum(40, "60"), alnum(40, "60")),
    ("Basic " + base64.b64encode(b"alice:" + alnum(12, "61").encode()).decode(), "YWxpY2U6"),
    ("/key/swarm/psk/1.0.0/\n/base16/\n" + hexed(64, "62"), hexed(64, "62")),
    ("private network key " + hexed(64, "63"), hexed(64, "63")),
    ("signing key: 0x" + hexed(64, "64"), hexed(64, "64")),
    ("https://a.blob.core.example/c/b?sv=2022&si" + "g=" + alnum(40, "65") + "%3D&se=2024", alnum(40, "65")),
    ("https://b.s3.example/k?X-Amz-" + "Signature=" + hexed(64, "66"), hexed(64, "66")),
    ("machine example.org login bob password " + alnum(10, "67"), alnum(10, "67")),
    ("curl -u bob:" + alnum(10, "68") + " https://example.org/x", alnum(10, "68")),
    ("mysqldump -h db -uroot -p" + alnum(10, "69") + " shop", alnum(10, "69")),
    ("sshpass -p " + alnum(10, "70") + " ssh host", alnum(10, "70")),
    (pem(), pem().splitlines()[3]),
    (pem("OPENSSH "), pem().splitlines()[5]),
    (pem("", newline="\\n"), pem().splitlines()[12]),
    (pem()[:500], pem().splitlines()[4]),  # the end is missing
    (pem()[90:], pem().splitlines()[9]),  # the beginning is missing
    ("Cookie: session=" + alnum(20, "71") + "; theme=dark", alnum(20, "71")),
    ("Set-Cookie: sid=" + alnum(20, "72") + "; Path=/; HttpOnly", alnum(20, "72")),
    ("Authorization: token " + hexed(40, "73"), hexed(40, "73")),
    ('Authorization: Digest username="bob", response="' + hexed(32, "74") + '"', hexed(32, "74")),
    ("proxy-authorization: Basic " + alnum(20, "75"), alnum(20, "75")),
    ("X-Api-Key: " + alnum(12, "76"), alnum(12, "76")),
    ("invalid password 'hunter" + "2x9' for bob", "hunter" + "2x9"),
    ("Server=db;Uid=sa;Pwd=" + alnum(9, "77") + ";Encrypt=yes", alnum(9, "77")),
    ("AccountName=a;Account" + "Key=" + alnum(86, "78") + "==;EndpointSuffix=x", alnum(86, "78")),
    ("<password>" + alnum(8, "79") + "</password>", alnum(8, "79")),
    ("user[password]=" + alnum(8, "80"), alnum(8, "80")),
    ('{\\"api_key\\": \\"' + alnum(16, "81") + '\\"}', alnum(16, "81")),
    ("auth=('bob', '" + alnum(8, "82") + "')", alnum(8, "82")),
    ("DB_PASS=" + alnum(8, "83"), alnum(8, "83")),
    ("next=%2Fx%3Fa%26token%3D" + alnum(16, "84"), alnum(16, "84")),
]

NAMES = [
    "token", "GITHUB_TOKEN", "access_token", "refreshToken", "client_secret", "SECRET_KEY", "password", "db_password",
    "PGPASSWORD", "passwd", "passphrase", "api_key", "apiKey", "AWS_SECRET_ACCESS_KEY", "encryption-key", "credential",
    "credentials", "auth", "auth_token", "X-Auth-Token", "session_cookie", "SENTRY_DSN", "private_key", "PRIVATE",
]  # fmt: skip

FORMS = [
    "{name}={value}", "{name} = {value}", "{name}: {value}", '"{name}": "{value}"', "'{name}': '{value}'",
    '{name}="{value}"',
    "{name}='{value}'", "--{name} {value}", "--{name}={value}", "{name} => '{value}'",
    "export {name}={value}", "?a=1&{name}={value}&b=2",
    '{{"{name}":"{value}","b":1}}', "Config({name}='{value}', debug=True)", "{name}=b'{value}'",
]  # fmt: skip

VALUES = [
    alnum(12, "v"),
    "hunter" + "2",
    "correct" + "-horse-battery",
    "Tr0ub4dor" + "&3",
    "s3" + "cr3t/with+base64==",
    "9" + "87654321",
]

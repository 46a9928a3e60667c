"""The three things that a check can come to."""

from node.control.state import Finding

OK, PROBLEM, UNKNOWN = "ok", "problem", "unknown"


def ok(check: str, found: str, about: str = "") -> Finding:
    return Finding(check, about, OK, found)


def problem(check: str, found: str, mend: str, about: str = "") -> Finding:
    return Finding(check, about, PROBLEM, found, mend)


def unknown(check: str, found: str, mend: str = "", about: str = "") -> Finding:
    return Finding(check, about, UNKNOWN, found, mend)

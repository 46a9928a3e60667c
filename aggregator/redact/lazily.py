"""Expressions that are compiled when they are first needed, so that importing the client costs its host nothing."""

import re
from collections.abc import Callable
from functools import cache


def lazily(pattern: str) -> Callable[[], re.Pattern[str]]:
    """A function that gives the compiled `pattern`, always the same one."""
    return cache(lambda: re.compile(pattern))

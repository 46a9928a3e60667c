"""Search: a hint, never a proof. Its index lags by seconds to days."""

import re

from github import Github

from aggregator.filing.calls import Failure, Hint
from node.github.hub import Hub

WORDS = 8  # taken of a query
LONGEST = 40  # characters of a word
NUMBERS = 10  # given out at most


async def hint(hub: Hub, call: Hint) -> tuple[int, ...]:
    """Any failure is an empty answer: nothing depends on a hint, and search has a limit of its own."""
    try:
        repository = await hub.repositories.get(call.repository)
        words = terms(call.words)
        if not words:
            return ()
        query = f"repo:{repository.full_name} is:issue is:open in:title,body {words}"
        return await hub.client.read(lambda g: _numbers(g, query), resource="search")
    except Failure:
        return ()


def terms(words: str) -> str:
    """Plain words only: nothing in them may act as a qualifier or an operator."""
    found = (word.strip("_")[:LONGEST] for word in re.findall(r"[A-Za-z0-9_]{3,}", words))
    plain = [word for word in found if word and word.upper() not in ("AND", "NOT")]
    return " ".join(list(dict.fromkeys(plain))[:WORDS])


def _numbers(g: Github, query: str) -> tuple[int, ...]:
    found = g.search_issues(query).get_page(0)
    return tuple(issue.number for issue in found[:NUMBERS])

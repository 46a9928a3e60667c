"""Everything that talks to GitHub. Nobody else imports PyGithub.

Reading order: `token` (where it comes from) → `client` (one PyGithub object, one call at a time) with `retry` (what is
sent again: reads) and `failures` (what an error means) → `repository` (where may be written) → `perform` (the table of
calls) → `claims`, `issues`, `labels`, `comments`, `people`, `search`.
"""

from node.github.client import Attempt, Client
from node.github.perform import GitHub
from node.github.repository import Facts
from node.github.statistics import RateLimit, Statistics
from node.github.token import App, BadToken, Kind, Secret, Token, find_token

__all__ = [
    "App",
    "Attempt",
    "BadToken",
    "Client",
    "Facts",
    "GitHub",
    "Kind",
    "RateLimit",
    "Secret",
    "Statistics",
    "Token",
    "find_token",
]

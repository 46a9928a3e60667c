"""Tells an operator what is news: by a command, by a webhook, or both.

`notifier` gathers, `courier` sends, `targets` says where to; `command` and `webhook` are the two ways.
"""

from node.notification.courier import Courier
from node.notification.notifier import Alone, Notifier, Parts
from node.notification.targets import Targets, find_targets

__all__ = ["Alone", "Courier", "Notifier", "Parts", "Targets", "find_targets"]

"""What the verbs that decide something have in common: ask the node, say what was ruled."""

from rich.console import RenderableType
from rich.text import Text

from node.control.done import Ruled


def table(ruled: Ruled) -> RenderableType:
    return Text(f"{ruled.action}: {ruled.subject} (the fleet will know within seconds)")

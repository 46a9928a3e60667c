"""Stories that mostly wait, told beside each other: each has a node, a directory and a repository of its own."""

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fleet.filing_node import FilingNode, Setting
from tests.fleet.shop import Shop
from tests.stage.standin import Hub

AT_ONCE = 4  # on two cores

Story = Callable[[Shop, FilingNode], None]


def new_shop(hub: Hub) -> Shop:
    """A repository that nobody else knows of."""
    name = f"acme/shop-{secrets.token_hex(4)}"
    hub.steer("/repositories", {"full_name": name})
    return Shop(hub, name)


def tell(hub: Hub, path: Path, stories: Mapping[str, Story], changed: Mapping[str, Setting] | None = None) -> list[str]:
    """Run all of them; what went wrong, by name."""

    def one(number: int, name: str, story: Story) -> str:
        directory = path / str(number)
        directory.mkdir()
        with FilingNode(directory, new_shop(hub), changed) as node:
            try:
                story(node.shop, node)
            except (AssertionError, ValueError) as wrong:  # two issues do not unpack as one
                return f"{name}: {wrong}\n{node.story()}"
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(one, number, *each) for number, each in enumerate(stories.items())]
        return [wrong for each in running if (wrong := each.result())]

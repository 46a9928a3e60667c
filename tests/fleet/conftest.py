"""One stand-in for all tests of filing; each test has a repository of its own on it, and no fault of another's.

One fleet, too, as the command line made it; each test has nodes of its own of it.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.filing_node import FilingNode, Setting
from tests.fleet.founding import Founded, found
from tests.fleet.shop import Shop
from tests.fleet.stories import new_shop
from tests.stage.standin import Hub, started


@pytest.fixture(scope="session")
def hub() -> Generator[Hub]:
    with started("--search-lag", "0") as hub:
        yield hub


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Founded]:
    """Eight nodes that the command line made one fleet; none runs."""
    with ExitStack() as reserved:
        yield found(Path(tmp_path_factory.mktemp("founded")), reserved)


@pytest.fixture
def shop(hub: Hub) -> Generator[Shop]:
    hub.steer("/requests", method="DELETE")
    yield new_shop(hub)
    hub.calm()


Start = Callable[..., FilingNode]


@pytest.fixture
def start(shop: Shop, tmp_path: Path) -> Generator[Start]:
    """`start(**changed)` starts a node that files in `shop`; it is killed at the end."""
    with ExitStack() as stack:

        def started_node(changed: Mapping[str, Setting] | None = None, **rest: Any) -> FilingNode:
            return stack.enter_context(FilingNode(tmp_path, shop, changed, **rest))

        yield started_node

"""Read by the programs of tests as they start: at their end they wait for the node's answer longer than others do.

A program that dies waits a fifth of a second, which is for its user to bear; the node of a test may be kept waiting
longer by whatever else runs on the machine. It is changed as the client is loaded, so that nothing is loaded for it.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from types import ModuleType

CHANGED = "aggregator.client.notice"
WAIT_SECONDS = 20.0


class Patient:
    """Finds one module, and changes it when it is there."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == CHANGED else None
        if spec is not None and spec.loader is not None:
            vars(spec)["loader"] = Patient(spec.loader)
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        vars(module)["WAIT_SECONDS"] = WAIT_SECONDS


sys.meta_path.insert(0, Patient)

"""`python -m tests.fuzz.one TARGET CORPUS [libFuzzer's options]`: one target under atheris, in a process of its own."""

import hashlib
import importlib
import logging
import sys
from collections.abc import Callable
from typing import Any

fuzzer: Any = importlib.import_module("atheris")  # only `make fuzz` installs it
with fuzzer.instrument_imports(include=["aggregator", "node"]):
    from tests.fuzz.targets import KEPT, TARGETS


def main() -> None:
    name, *options = sys.argv[1:]
    quiet()
    fuzzer.Setup([sys.argv[0], *options], keeping(name))
    fuzzer.Fuzz()


def keeping(name: str) -> Callable[[bytes], None]:
    """The target; what breaks it is saved before anything else can go wrong."""

    def run(data: bytes) -> None:
        try:
            TARGETS[name].run(data)
        except BaseException:
            (KEPT / name).mkdir(parents=True, exist_ok=True)
            (KEPT / name / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
            raise

    return run


def quiet() -> None:
    """What the node logs about bad input would bury the progress."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


if __name__ == "__main__":
    main()

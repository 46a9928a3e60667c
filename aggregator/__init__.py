"""Report errors to the node of this machine. A worker needs `install()`; the rest loads when it is used.

Importing this package costs next to nothing and changes nothing: without `install()` (or a main function that runs
under `watch`) no hook is set, nothing is captured and nothing is sent.
"""

TYPE_CHECKING = False  # type checkers know the bare name; importing typing would cost more than all of this file
if TYPE_CHECKING:
    from aggregator.client.api import capture, flush, install, report, statistics
    from aggregator.client.watch import watch

__version__ = "0.1.0"
__all__ = ["__version__", "capture", "flush", "install", "report", "statistics", "watch"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "watch":
        from aggregator.client import watch as module
    else:
        from aggregator.client import api as module
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

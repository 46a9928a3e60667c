"""To whom a file belongs, and what its module is called when the record does not say."""

import re
from functools import lru_cache

from aggregator.signature.known import FRAMEWORKS, STANDARD

# Ranks of frames. Plain numbers: they are compared for every frame of every record.
INTERPRETER, FRAMEWORK, LIBRARY, APP = range(4)
RANKS = ("interpreter", "framework", "library", "program")

_PACKAGES = re.compile(
    r"(?:site-packages|dist-packages|node_modules|\.cargo/registry|go/pkg/mod"
    r"|\.pex/[^/]+|[^/]+\.egg|vendor|_vendor|third_party)/",
    re.IGNORECASE,
)
_PACKAGE_MARKS = ("-packages/", "_modules/", ".egg/", "vendor/", "third_party/", "/registry/", "pkg/mod/", ".pex/")
_INTERPRETER = re.compile(
    r"(?:^|/)(?:lib(?:64)?/(?:python|pypy)\d[\d.]*t?/|lib_pypy/|lib-python/)|python\d+\.zip/|/Python\.framework/"
    r"|^[a-z]:/(?:[^/]+/)*?[^/]*python[^/]*/(?:[^/]+/){0,2}lib/|^<frozen |^<__array_function__"
    r"|^node:|^/rustc/|/usr/lib/go",
    re.IGNORECASE,
)
_GENERATED = re.compile(r"^<(?:attrs generated|decorator-gen|lambdifygenerated|template)")
_STUB = re.compile(r"(?:^|/)(?:bin|sbin|scripts)/[^/.]+(?:\.exe/__main__\.py|-script\.py)?$", re.IGNORECASE)

# Above a checkout: directories that hold projects, not parts of one.
_ABOVE = re.compile(
    r"^(?:[a-z]:)?/?(?:(?:home|users|documents and settings|var/home)/[^/]+/"
    r"|root/|~/|usr/src/|usr/local/|var/(?:www|task|lib|opt)/"
    r"|srv/|opt/|mnt/|data/|private/|builds/[^/]+/|github/workspace/|__w/[^/]+/)?",
    re.IGNORECASE,
)
_HOLDERS = frozenset(
    """
    src code work works workspace workspaces projects project git repos repo dev develop development source
    sources documents desktop downloads builds build releases release current shared checkout checkouts deploy
    deployments apps sites go bin scripts lib www html runner jenkins agent _work
    """.split()  # noqa: SIM905
)
_TEMPORARY = re.compile(r"^(?:/private)?/(?:tmp|var/tmp|var/folders|dev/shm)/|/appdata/local/temp/", re.IGNORECASE)
_EXTENSION = re.compile(
    r"\.(?:py[cwx]?|pyd|so|[cm]?[jt]sx?|rb|go|rs|java|kt|php|pl|sh|lua|cs|cpp|cc|c|ex|exs)$", re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_]*")
_DRAWN = re.compile(r"(?=[A-Za-z_\-]*\d)[\w\-]{6,}|\d+")

# File names that say little: the directory goes with them. For all others the directory is left out, since where a
# checkout ends and a package begins is a guess.
_COMMON = frozenset(
    """
    __init__ __main__ index mod views models utils util tasks forms serializers admin urls helpers helper handlers
    handler service services api base common core client server controller controllers routes schemas types errors
    exceptions
    """.split()  # noqa: SIM905
)
_UNNAMED = frozenset({"", "__main__", "__mp_main__"})


def rank_of(module: str, file: str, function: str, in_app: bool | None) -> int:
    """What the record says of the frame, else what its file says, else what its module's name says."""
    if in_app:
        return APP
    rank = _by_file(_slashes(file), module, function) if file else _by_name(module)
    return min(rank, LIBRARY) if in_app is False else rank


def _by_file(file: str, module: str, function: str) -> int:
    inside = _in_package(file)
    if inside:
        top = inside.split("/")[0].removesuffix(".py")
        return FRAMEWORK if top.lower() in FRAMEWORKS else LIBRARY
    if _may_be_interpreter(file) and _INTERPRETER.search(file):
        return INTERPRETER
    if module.startswith("aggregator.client") or module == "aggregator":
        return INTERPRETER
    if _GENERATED.match(file):
        return LIBRARY
    if function == "<module>" and _STUB.search(file):
        return INTERPRETER
    return APP


@lru_cache(maxsize=1_024)
def _in_package(file: str) -> str:
    """`file` below the innermost directory of packages; empty where there is none."""
    lowered = file.lower()
    if not any(mark in lowered for mark in _PACKAGE_MARKS):
        return ""
    end = 0
    for package in _PACKAGES.finditer(file):
        end = package.end()
    return file[end:] if end else ""


def _may_be_interpreter(file: str) -> bool:
    """A quick look that spares most files the expression."""
    lowered = file.lower()
    return "lib" in lowered or "python" in lowered or lowered.startswith(("<", "node:", "/rustc"))


def _by_name(module: str) -> int:
    top = module.partition(".")[0]
    if top in STANDARD or module.startswith("aggregator.client"):
        return INTERPRETER
    return FRAMEWORK if top.lower() in FRAMEWORKS else APP


def module_of(module: str, file: str) -> str:
    """The module's name as given; of a script, or without a name, that of its file."""
    if module not in _UNNAMED and not module.startswith("<"):
        return module.removeprefix("src.")  # run from above the source directory
    path = _slashes(file)
    if not path or path.startswith("<"):
        return "<ipython>" if path.startswith("<ipython") else path
    return _from_path(path, script=module in _UNNAMED and bool(module))


@lru_cache(maxsize=1_024)
def _from_path(path: str, script: bool) -> str:
    path = _EXTENSION.sub("", re.sub(r"[?#].*$", "", path))
    below = _in_package(path) or _within_checkout(path)
    parts = [part for part in below.split("/") if part not in ("", ".", "..")]
    if not parts:
        return ""
    stem = ".".join(_DRAWN.sub("<n>", part) for part in parts[-1].split("."))
    parent = parts[-2] if len(parts) > 1 else ""
    if stem in ("__init__", "__main__") and parent:
        return f"{parent}.{stem}"
    return f"{parent}.{stem}" if not script and stem.lower() in _COMMON and _PLAIN.fullmatch(parent) else stem


def _within_checkout(path: str) -> str:
    """`path` below the checkout: without what stands above projects, and without the project's own directory."""
    if _TEMPORARY.search(path):
        return path.rpartition("/")[2] if not path.endswith(("__init__", "__main__")) else path
    absolute = path.startswith(("/", "~")) or path[1:2] == ":"
    if not absolute:
        return path
    parts = _ABOVE.sub("", path, count=1).split("/")
    below = 0
    while below < len(parts) - 1 and (parts[below].lower() in _HOLDERS or not parts[below]):
        below += 1
    return "/".join(parts[min(below + 1, len(parts) - 1) :])


def _slashes(file: str) -> str:
    return file.replace("\\", "/") if "\\" in file else file

"""`python -m tests.library > docs/library.md`: the reference of the library, made of its docstrings."""

import inspect

import aggregator

HEAD = """\
# The library

`pip install error-aggregator`; a program needs one call:

```python
import aggregator

aggregator.install(service="shop", release="1.4.2")
```

From then on it reports what it fails with: exceptions that end it or a thread, or that nobody takes from a task, each
with the log lines before it. Nothing here raises or waits (but `flush`, which was asked to); a sender thread does the
work, memory is bounded, and what cannot be delivered waits in a spool. `aggregator exec -- CMD` does it for a program
in any language.
"""


FIRST = ("install", "watch", "capture", "report")  # what most programs need, in that order


def page() -> str:
    names = [*FIRST, *(each for each in aggregator.__all__ if each not in FIRST and not each.startswith("_"))]
    return HEAD + "".join(_entry(name) for name in names)


def _entry(name: str) -> str:
    made = getattr(aggregator, name)
    arguments = str(inspect.signature(made)).replace("'", "")
    shown = f"{name}{arguments}" if len(name + arguments) <= 110 else _wrapped(name, inspect.signature(made))
    return f"\n## {name}\n\n```text\n{shown}\n\n{inspect.getdoc(made)}\n```\n"


def _wrapped(name: str, signature: inspect.Signature) -> str:
    lines, starred = [f"{name}("], False
    for each in signature.parameters.values():
        if each.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            lines.append("    *,")
            starred = True
        lines.append(f"    {each},".replace("'", ""))
    return "\n".join([*lines, f") -> {signature.return_annotation}".replace("'", "")])


if __name__ == "__main__":
    print(page(), end="")

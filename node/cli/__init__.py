"""The command line. One file per verb; `app` lists them all, `verb` runs any of them."""

from node.cli.app import main

__all__ = ["main"]

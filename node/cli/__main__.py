"""`python -m node.cli` is `aggregator`."""

from node.cli import main

main()

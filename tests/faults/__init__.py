"""Whatever breaks: real daemons as real processes, round after round, and what must be true after each (`make faults`).

A *fault* strikes a fleet that counts and files while it strikes; then everything is mended, and the round is judged:
each bug has one open issue, every node shows the exact counts, no acknowledged record is lost. `catalogue.py` lists the
faults; each group of them has a fleet of its own, in network namespaces of its own where that is permitted (`lab.py`).
"""

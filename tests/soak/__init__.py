"""Real nodes under a mixed load of good, bad and stopped clients, as long as one likes: `python -m tests.soak MINUTES`.

Every minute a row of what they cost; at the end whether that stayed flat, and whether what was acknowledged was counted
exactly, on every node. `run` wires; `good`, `bad`, `stopped` and `others` are the load; `rows` measures and judges.
"""

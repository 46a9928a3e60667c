"""Filing: one open issue per bug, whatever is lost, repeated, paused or killed.

The whole procedure is a generator. It yields calls (`calls.py`: ask GitHub, remember something, read the clock), gets
answers or failures, and returns an outcome with a reason. It does no I/O itself, so the node drives it with the real
GitHub, the simulator with a virtual one, and a test can stop it before and after each single call.

Reading order: `calls` (what can be asked, and the three ways to fail) → `claim` (what the git ref says) → `procedure`
(claim, look, create, record) → `recover` (an answer was lost) → `pursue` (what is found comes first) → `follow` (the
issue exists) → `refile` (it is filed anew) → `sweep` (two share one marker) → `run` (one tick for one repository).
"""

"""Writes down what really happened, so that nobody has to take the aggregator's word for it."""

import os


def did(bug: str, times: int = 1) -> None:
    """`bug` has happened, or is about to. One write: lines of several processes do not mix."""
    file = os.open(os.environ["DEMO_DID"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{bug} {times}\n".encode())
    os.close(file)

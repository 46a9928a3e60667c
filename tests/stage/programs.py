"""Small programs that tests run as processes of their own, with the client in them."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENT = Path(__file__).parent / "patient"
SECONDS = 120  # until a program that hangs is a failed test


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """What a program under test sees: a socket and a spool within `folder`, nothing of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    places = {"AGGREGATOR_SOCKET": str(folder / "ingest.sock"), "AGGREGATOR_SPOOL": str(folder / "spool")}
    return {**kept, "PYTHONPATH": str(ROOT), "HOME": str(folder / "home"), **places, **variables}


def start(folder: Path, code: str, *options: str, patient: bool = True, **variables: str) -> subprocess.Popen[str]:
    """The program `code`, running. `patient`: at its end it waits for the node as long as a busy machine may take."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(code))
    found = {"PYTHONPATH": f"{PATIENT}:{ROOT}"} if patient else {}
    return subprocess.Popen(
        [sys.executable, *options, str(script)], env=environment(folder, **found, **variables), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(
    folder: Path, code: str, *options: str, patient: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The program `code`, after its end."""
    with start(folder, code, *options, patient=patient, **variables) as process:
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

"""Root at the command line, where the node is a service with a user of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE = 65534
# After it became another user, the interpreter's own files may be out of its reach: so everything is imported before.
ACT = """
import os, sys
from pathlib import Path
from node.cli.owner import become_owner
directory = Path(sys.argv[1])
become_owner(directory)
(directory / "made").touch()
print(*os.getresuid(), *os.getresgid(), len(os.getgroups()))
"""


@pytest.fixture
def state() -> Generator[Path]:
    """A state directory; the way to it is open to everybody."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory(prefix="owner.") as place:
        Path(place).chmod(0o755)
        (Path(place) / "state").mkdir(mode=0o700)
        yield Path(place) / "state"


def act(directory: Path) -> str:
    command = [sys.executable, "-c", ACT, str(directory)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.strip()


def test_what_root_makes_in_the_directory_of_the_service_belongs_to_the_service(state: Path):
    os.chown(state, SERVICE, SERVICE)
    assert act(state) == " ".join([str(SERVICE)] * 6 + ["0"])
    assert (state / "made").stat().st_uid == SERVICE


def test_in_roots_own_directory_root_stays_root(state: Path):
    assert act(state).startswith("0 0 0")

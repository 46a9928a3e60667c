"""What `make install` makes of a folder: it runs from there, knows only where it will be, and goes again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet.harness import ROOT, DaemonProcess
from tests.sender import Sender, error, new_session, numbered

HOME = "usr/local/lib/error-aggregator"
BECOME = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"


def make(target: str, root: Path) -> str:
    command = ["make", "--no-print-directory", target, f"DESTDIR={root}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def mentions(folder: Path, text: str) -> list[str]:
    """Files below `folder` in which `text` stands."""
    every = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [str(path) for path in every if text.encode() in path.read_bytes()]


class InstalledNode(DaemonProcess):
    """The program as it was installed, and nothing of this repository."""

    def __init__(self, directory: Path, root: Path) -> None:
        super().__init__(directory)
        self.program = ("-c", BECOME, str(root / HOME / "bin/python"), str(root / "usr/local/bin/aggregator"), "node")
        del self.environment["PYTHONPATH"]


def report_ten(node: DaemonProcess, session: bytes, first: int) -> None:
    with node:
        sender = Sender(node.socket)
        sender.hello(session)
        sender.send(*numbered([error(1)] * 10, first))
        sender.answers_to(first + 9)
        sender.close()
        assert node.stop() == 0


@pytest.mark.slow
def test_an_installation_runs_is_replaced_and_leaves_state_and_configuration(tmp_path: Path) -> None:
    root = tmp_path / "a &root"
    make("install", root)
    assert (root / "usr/local/bin/aggregator").read_text().startswith(f"#!/{HOME}/bin/python\n")
    assert mentions(root, str(root)) == []
    (root / "etc/error-aggregator/config.toml").write_text("# mine\n")
    (tmp_path / "node").mkdir()
    node = InstalledNode(tmp_path / "node", root)
    session = new_session()
    report_ten(node, session, 1)
    make("install", root)  # over itself, as an upgrade is
    report_ten(node, session, 11)
    assert list(node.counts().values()) == [20]
    told = make("uninstall", root)
    assert "/etc/error-aggregator (configuration)" in told
    assert [path.name for path in root.rglob("*") if not path.is_dir() or path.is_symlink()] == ["config.toml"]
    assert (root / "etc/error-aggregator/config.toml").read_text() == "# mine\n"


def test_nothing_of_the_units_is_lost_on_the_way() -> None:
    """Every file of the repository's folder is one that the script installs."""
    script = (ROOT / "tools" / "install.sh").read_text()
    folder = ROOT / "systemd"
    names = [str(path.relative_to(ROOT)) for path in folder.rglob("*") if path.is_file()]
    assert len(names) >= 7
    assert [name for name in names if name not in script] == []
    assert os.access(ROOT / "tools" / "install.sh", os.X_OK)

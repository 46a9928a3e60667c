"""The files that systemd reads, as `make install` leaves them, judged by systemd's own programs."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from node import gossip
from node.__main__ import WRONG_USAGE
from node.control import server
from node.github import client as github
from node.ingest import ingest
from node.network import host, network

ROOT = Path(__file__).parents[2]
EXPOSURE = 2.0  # of 10, at most
NEEDS = "systemd is not installed: apt-get install systemd (a running one is not needed)"
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason=NEEDS)


class Installed(NamedTuple):
    """What `make install` made of the files, without the program."""

    root: Path
    bin: Path

    @property
    def units(self) -> list[Path]:
        return sorted((self.root / "etc/systemd/system").iterdir())

    @property
    def service(self) -> Path:
        return self.root / "etc/systemd/system/error-aggregator.service"


def script(action: str, directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "DESTDIR": str(directory / "root"), "PREFIX": str(directory / "prefix")}
    command = ["sh", "tools/install.sh", action]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    script("files", tmp_path)
    program = tmp_path / "prefix" / "bin" / "aggregator"
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/true")
    return Installed(tmp_path / "root", program)


def test_a_destination_may_have_a_space(tmp_path: Path):
    root = tmp_path / "a &root"
    environment = {"PATH": "/usr/bin:/bin", "DESTDIR": str(root)}
    subprocess.run(["sh", "tools/install.sh", "files"], cwd=ROOT, env=environment, check=True, capture_output=True)
    assert (root / "usr/local/lib/systemd/system/error-aggregator.service").exists()
    command = ["make", "--no-print-directory", "uninstall", f"DESTDIR={root}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert [each.name for each in root.rglob("*") if each.is_file()] == ["config.toml"]


def option(unit: Path, section: str, name: str) -> str:
    parser = configparser.RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]  # as its documentation says
    parser.read_string(unit.read_text())
    return parser[section][name]


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|min)", text).groups()  # pyright: ignore[reportOptionalMemberAccess]  # fails
    return float(number) * {"s": 1, "min": 60}[unit]


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_units(installed: Installed):
    assert {each.name for each in installed.units} == {
        "error-aggregator.service",
        "error-aggregator.socket",
        "error-aggregator-datagram.socket",
    }
    command = ["systemd-analyze", "verify", "--man=no", *map(str, installed.units)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_units_of_a_user(installed: Installed, tmp_path: Path):
    units = sorted((installed.root / "etc/systemd/user").iterdir())
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", "--user", "verify", "--man=no", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_service_can_do_little_harm(installed: Installed):
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", "--no-pager"]
    done = subprocess.run([*command, str(installed.service)], capture_output=True, text=True)
    told = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert told, done.stderr
    assert float(told[1]) <= EXPOSURE
    assert done.returncode == 0


def test_the_numbers_of_the_process_are_not_hidden_from_it(installed: Installed):
    """Prometheus' client needs the time of the boot for them, and without it says nothing at all."""
    assert option(installed.service, "Service", "ProcSubset") == "all"


@needs_systemd
def test_users_and_directories_are_understood(installed: Installed, tmp_path: Path):
    root = tmp_path / "machine"
    (root / "etc").mkdir(parents=True)
    users, directories = (
        installed.root / "etc" / f"{each}.d" / "error-aggregator.conf" for each in ("sysusers", "tmpfiles")
    )
    subprocess.run(["systemd-sysusers", f"--root={root}", str(users)], check=True, capture_output=True)
    assert re.search(r"^error-aggregator:.*:/var/lib/error-aggregator:/usr/sbin/nologin$", passwd(root), re.MULTILINE)
    subprocess.run(
        ["systemd-tmpfiles", "--create", f"--root={root}", str(directories)], check=True, capture_output=True
    )
    modes = {name: (root / name).stat().st_mode & 0o7777 for name in STATE}
    assert modes == STATE


STATE = {
    "run/error-aggregator": 0o755,
    "var/lib/error-aggregator": 0o700,
    "var/spool/error-aggregator": 0o3733,
}


def passwd(root: Path) -> str:
    return (root / "etc" / "passwd").read_text()


def test_the_units_name_the_program_where_it_is(installed: Installed):
    assert option(installed.service, "Service", "ExecStart") == f"{installed.bin} node"
    assert option(installed.service, "Service", "ExecReload") == f"{installed.bin} reload"


def test_the_service_is_given_longer_to_end_than_it_takes():
    unit = ROOT / "systemd" / "error-aggregator.service"
    ends = max(ingest.ENDING, server.GRACE, github.START + 2 * github.TIMEOUT)
    leaves = gossip.GOODBYE + network.SAVE_SECONDS + 3 * host.CLOSE_SECONDS
    assert seconds(option(unit, "Service", "TimeoutStopSec")) > ends + leaves


def test_what_a_restart_cannot_mend_is_not_restarted():
    prevented = option(ROOT / "systemd" / "error-aggregator.service", "Service", "RestartPreventExitStatus")
    assert prevented == str(WRONG_USAGE)


def test_a_changed_configuration_is_kept_and_removal_leaves_it(installed: Installed, tmp_path: Path):
    config = installed.root / "etc/error-aggregator/config.toml"
    assert config.read_text() == (ROOT / "configs" / "error-aggregator.toml").read_text()
    config.write_text("[log]\nlevel = 'debug'\n")
    assert "kept: /etc/error-aggregator/config.toml" in script("files", tmp_path).stdout
    assert config.read_text() == "[log]\nlevel = 'debug'\n"
    told = script("uninstall", tmp_path).stdout
    assert [each for each in installed.root.rglob("*") if each.is_file()] == [config]
    assert all(place in told for place in ("/etc/error-aggregator", "/var/lib/error-aggregator", "/var/spool"))

"""A network for every node: a namespace of its own with two cables, one to the other nodes and one to GitHub.

      left ════trunk════ right          bridges between the nodes (10.77.0.0/24); a cut takes the trunk down, and who is
      │  │                  │           on the other side hangs on the right one
    alice bob             carol         namespaces
      │  │                  │
      └──┴───── hub ────────┘           bridge to the GitHub stand-in (10.78.0.0/24), which is where the test is

Loss and deafness are rules of nftables in the node's own namespace. All of it lives in the network namespace of the
process that makes it and ends with that (`python -m tests.faults` makes itself one), so nothing of the machine's own
network is touched, and only who wants it anew needs to clean up.
"""

import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tests.fleet.founding import Place

MESH, HUB = "10.77.0", "10.78.0"
HERE = 254  # last part of the addresses of who makes it
MAKE = f"""\
link set lo up
link add left type bridge
link add right type bridge
link add hub type bridge
link add trunk type veth peer name trunk2
link set trunk master left
link set trunk2 master right
addr add {MESH}.{HERE}/24 dev left
addr add {HUB}.{HERE}/24 dev hub
link set left up
link set right up
link set hub up
link set trunk up
link set trunk2 up
"""
PLUG_IN = """\
link add {side}-{name} type veth peer name {side} netns {name}
link set {side}-{name} master {bridge}
link set {side}-{name} up
"""
INSIDE = """\
link set lo up
addr add {mesh}/24 dev mesh
addr add {hub}/24 dev hub
link set mesh up
link set hub up
"""


@dataclass
class Namespaces:
    """`names`: of the nodes, at most 200. Raises AssertionError with the words of `ip` or `nft` where one refuses."""

    names: Sequence[str]
    rules: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # by name, what is dropped there

    def make(self) -> None:
        _ip(MAKE)
        for name in self.names:
            _run("ip", "netns", "add", name)
            for side, bridge in (("mesh", "left"), ("hub", "hub")):
                _ip(PLUG_IN.format(side=side, name=name, bridge=bridge))
            _ip(INSIDE.format(mesh=self.address(name), hub=f"{HUB}.{self._number(name)}"), "-n", name)

    def remove(self) -> None:
        """All that was made, so that the same process may make it again."""
        for name in self.names:
            _ip(f"link del mesh-{name}\nlink del hub-{name}\n")
            _run("ip", "netns", "del", name)
        _ip("link del left\nlink del right\nlink del hub\nlink del trunk\n")

    def address(self, name: str) -> str:
        """Where the others reach it."""
        return f"{MESH}.{self._number(name)}"

    def places(self) -> Mapping[str, Place]:
        return {name: Place(self.address(name), ("ip", "netns", "exec", name)) for name in self.names}

    def cut(self, one: Collection[str], other: Collection[str]) -> None:
        """Nothing passes any more between these two sides, which are all nodes; both still reach GitHub."""
        assert {*one, *other} == {*self.names}, "everybody is on one side"
        moved = "".join(f"link set mesh-{name} master right\n" for name in other)
        _ip("link set trunk down\n" + moved)

    def unplug(self, name: str) -> None:
        """It reaches nobody, nor GitHub."""
        _ip(f"link set mesh-{name} down\nlink set hub-{name} down\n")

    def deafen(self, name: str, *others: str) -> None:
        """What these others send does not arrive at `name`; they hear it."""
        self._drop(name, f'iifname "mesh" ip saddr {{ {", ".join(map(self.address, others))} }} drop')

    def lose(self, percent: int) -> None:
        """So many of all packets between nodes are lost on their way."""
        for name in self.names:
            self._drop(name, f'iifname "mesh" numgen random mod 100 < {percent} drop')

    def heal(self) -> None:
        """Everything passes again."""
        links = "".join(
            f"link set mesh-{n} master left\nlink set mesh-{n} up\nlink set hub-{n} up\n" for n in self.names
        )
        _ip(links + "link set trunk up\n")
        for name in [name for name, rules in self.rules.items() if rules]:
            self.rules[name] = []
            self._apply(name)

    def _drop(self, name: str, rule: str) -> None:
        self.rules.setdefault(name, []).append(rule)
        self._apply(name)

    def _apply(self, name: str) -> None:
        """Replace all rules at once."""
        lines = ["type filter hook input priority 0; policy accept", *self.rules[name]]
        chain = "".join(f"    {line}\n" for line in lines)
        table = f"table inet faults\nflush table inet faults\ntable inet faults {{\n  chain input {{\n{chain}  }}\n}}\n"
        _run("ip", "netns", "exec", name, "nft", "-f", "-", given=table)

    def _number(self, name: str) -> int:
        return 1 + self.names.index(name)


def _ip(commands: str, *options: str) -> None:
    _run("ip", *options, "-batch", "-", given=commands)


def _run(*command: str, given: str = "") -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}\n{given}"

"""Every setting of the node: one frozen object, each field with its kind, default and effect.

They stand in `local` and `outward`, and here is what they are together. The remark in `setting` is the one place
where a setting is described: `config show`, the table in the documentation and `configs/error-aggregator.toml` are
made from it. Durations are seconds here and may be written "15m" in the file. Everything that reaches outside this
machine is off by default, and there is no default repository.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from node.config.kinds import Kind
from node.config.local import Client, Control, Ingest, Log, Network, Node, Retention
from node.config.outward import Bundle, Election, Filing, Github, Healing, Notify


@dataclass(frozen=True)
class Config:
    """All of it. Resolved and checked once, then only passed."""

    node: Node = field(default_factory=Node)
    ingest: Ingest = field(default_factory=Ingest)
    control: Control = field(default_factory=Control)
    bundle: Bundle = field(default_factory=Bundle)
    filing: Filing = field(default_factory=Filing)
    github: Github = field(default_factory=Github)
    election: Election = field(default_factory=Election)
    healing: Healing = field(default_factory=Healing)
    notify: Notify = field(default_factory=Notify)
    client: Client = field(default_factory=Client)
    retention: Retention = field(default_factory=Retention)
    log: Log = field(default_factory=Log)
    network: Network = field(default_factory=Network)


@dataclass(frozen=True)
class Setting:
    """One setting, described."""

    section: str
    name: str
    kind: Kind[Any]
    default: Any
    effect: str

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"AGGREGATOR_{self.section}_{self.name}".upper()


_TYPES: tuple[type[Any], ...] = (
    Node,
    Ingest,
    Control,
    Bundle,
    Filing,
    Github,
    Election,
    Healing,
    Notify,
    Client,
    Retention,
    Log,
    Network,
)
SECTIONS: Mapping[str, type[Any]] = {each.__name__.lower(): each for each in _TYPES}


def _describe(section: str, described: Field[Any]) -> Setting:
    remark = described.metadata
    default = getattr(SECTIONS[section](), described.name)
    return Setting(section, described.name, remark["kind"], default, remark["effect"])


SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for section, made_of in SECTIONS.items()
    for setting in (_describe(section, each) for each in fields(made_of))
}


def value_of(config: Config, key: str) -> Any:
    """The value of a key such as `bundle.interval`. Raises `KeyError`."""
    known = SETTINGS[key]
    return getattr(getattr(config, known.section), known.name)

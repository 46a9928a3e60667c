"""Where notifications go: what the configuration says, and a webhook's address from a systemd credential."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from node.config import Loaded
from node.config.kinds import postable
from node.config.secret import Secret

CREDENTIAL = "notify-webhook"
ADDRESS_BYTES = 4096


@dataclass(frozen=True)
class Targets:
    """Both may be empty: then nothing is told."""

    command: tuple[str, ...] = ()
    webhook: Secret = Secret("")  # noqa: RUF009  # immutable
    source: str = ""  # of the webhook's address
    trouble: str = ""  # why a webhook that is meant to be used cannot be

    def __bool__(self) -> bool:
        return bool(self.command or self.webhook)


def find_targets(loaded: Loaded, environment: Mapping[str, str]) -> Targets:
    """A credential wins over the setting, as with the token. Reads a small file."""
    notify = loaded.config.notify
    folder = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / CREDENTIAL if folder else None
    if path is None or not path.is_file():
        source = loaded.sources["notify.webhook"] if notify.webhook else ""
        return Targets(notify.command, notify.webhook, source)
    source = f"systemd credential {CREDENTIAL}"
    try:
        with path.open("rb") as file:
            address = file.read(ADDRESS_BYTES).decode(errors="replace").strip()
    except OSError as error:
        return Targets(notify.command, source=source, trouble=f"it cannot be read ({error.strerror})")
    if not postable(address):
        return Targets(notify.command, source=source, trouble="it holds no https address")
    return Targets(notify.command, Secret(address), source)

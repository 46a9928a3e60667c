"""Where other nodes were: bounded, kept on disk, so that a node finds its fleet again when every seed is dead.

It learns from what peers say, so most of it is unproven. An address counts as proven when this node has reached that
very peer at it. When the book is full the unproven are not taken any more; told to others is only what is proven, or
what a linked peer says of itself. Seeds are never forgotten. On disk it is a cache: a file that cannot be read is left
out with a warning.
"""

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import trio

from node.addresses import checked, is_peer_id, split_peer
from node.network.logs import Log

MOST_PEERS = 1000
MOST_UNPROVEN = 300
ADDRESSES_PER_PEER = 4
SAVE_SECONDS = 5.0  # between two looks whether there is something to save
GIVE_UP_FAILURES = 20  # in a row; at the longest pause that is over three minutes of trying


@dataclass(slots=True)
class Entry:
    """Addresses, the best first. `reached` is the unix second of the last successful dial, 0 for never."""

    addresses: list[str] = field(default_factory=list[str])
    reached: float = 0.0
    failures: int = 0
    own_word: bool = False  # the peer itself said where it listens


class _Row(msgspec.Struct, frozen=True):
    id: str
    addresses: list[str]
    reached: float


class _File(msgspec.Struct, frozen=True):
    version: int
    peers: list[_Row]


class AddressBook:
    """In memory; `load` and `save` do the disk, in a thread of the caller's choice."""

    def __init__(self, path: Path, own_id: str, seeds: tuple[str, ...] = ()) -> None:
        self.changed = False
        self._path = path
        self._own_id = own_id
        self._entries: dict[str, Entry] = {}
        self._seeds: dict[str, list[str]] = {}
        for seed in seeds:
            if (pair := split_peer(seed)) and pair[1] != own_id:
                self._seeds.setdefault(pair[1], []).append(pair[0])
        for peer_id, addresses in self._seeds.items():
            self._entries[peer_id] = Entry(list(addresses))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, peer_id: str) -> bool:
        return peer_id in self._entries

    def peers(self) -> list[str]:
        return list(self._entries)

    def addresses(self, peer_id: str) -> list[str]:
        entry = self._entries.get(peer_id)
        return list(entry.addresses) if entry else []

    def is_seed(self, peer_id: str) -> bool:
        return peer_id in self._seeds

    def was_reached(self, peer_id: str) -> bool:
        entry = self._entries.get(peer_id)
        return entry is not None and entry.reached > 0

    def learn(self, peer_id: str, addresses: list[str], *, own_word: bool = False) -> bool:
        """Add what somebody (or the peer itself) said about a peer. Says whether anything was new and acceptable."""
        good = [address for address in addresses if checked(address)][:ADDRESSES_PER_PEER]
        if peer_id == self._own_id or not is_peer_id(peer_id) or not good:
            return False
        entry = self._entries.get(peer_id)
        if entry is None:
            if not self._make_room():
                return False
            entry = self._entries[peer_id] = Entry()
        new = [address for address in good if address not in entry.addresses]
        # A proven address stays in front; among the unproven the newest word counts.
        proven = entry.addresses[:1] if entry.reached else []
        others = [address for address in entry.addresses if address not in proven]
        entry.addresses = (proven + new + others)[:ADDRESSES_PER_PEER]
        entry.own_word = entry.own_word or own_word
        self._keep_seed_addresses(peer_id, entry)
        self.changed = self.changed or bool(new)
        return bool(new)

    def reached(self, peer_id: str, address: str, now: float) -> None:
        """This node dialled `address` and the peer was there."""
        entry = self._entries.setdefault(peer_id, Entry())
        entry.addresses = [address, *(other for other in entry.addresses if other != address)][:ADDRESSES_PER_PEER]
        entry.reached, entry.failures = now, 0
        self._keep_seed_addresses(peer_id, entry)
        self.changed = True

    def failed(self, peer_id: str) -> None:
        """No address of the peer answered. Who never did for long is forgotten, seeds excepted."""
        entry = self._entries.get(peer_id)
        if entry is None:
            return
        entry.failures += 1
        if entry.failures >= GIVE_UP_FAILURES and not entry.reached and peer_id not in self._seeds:
            del self._entries[peer_id]
            self.changed = True

    def tellable(self, linked: set[str]) -> list[tuple[str, list[str]]]:
        """What may be told to others: peers that this node reached, and linked ones that spoke for themselves."""
        return [
            (peer_id, entry.addresses[:1])
            for peer_id, entry in self._entries.items()
            if entry.addresses and (entry.reached or (entry.own_word and peer_id in linked))
        ]

    def load(self) -> str | None:
        """Read the file. Returns what was wrong with it, or None; a missing file is not wrong."""
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            return str(error)
        for row in file.peers[:MOST_PEERS]:
            if self.learn(row.id, row.addresses):
                self._entries[row.id].reached = row.reached
        self.changed = False
        return None

    def save(self) -> None:
        """Write the file as a whole, readable by this user only. Raises OSError."""
        self.changed = False
        rows = [_Row(peer_id, entry.addresses, entry.reached) for peer_id, entry in list(self._entries.items())]
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:  # mkstemp makes it 0600
                file.write(msgspec.json.format(msgspec.json.encode(_File(1, rows))))
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            self.changed = True
            raise

    def _keep_seed_addresses(self, peer_id: str, entry: Entry) -> None:
        missing = [address for address in self._seeds.get(peer_id, ()) if address not in entry.addresses]
        if missing:
            entry.addresses = entry.addresses[: ADDRESSES_PER_PEER - len(missing)] + missing[:ADDRESSES_PER_PEER]

    def _make_room(self) -> bool:
        """Whether one more unproven peer fits, after forgetting what is worth least."""
        others = [peer_id for peer_id in self._entries if peer_id not in self._seeds]
        unproven = [peer_id for peer_id in others if not self._entries[peer_id].reached]
        if len(unproven) >= MOST_UNPROVEN:
            # The newest go: a flood of inventions must not push out what came before it.
            return False
        if len(self._entries) >= MOST_PEERS and others:
            del self._entries[min(others, key=lambda peer_id: self._entries[peer_id].reached)]
        return len(self._entries) < MOST_PEERS


async def save(book: AddressBook, log: Log) -> None:
    """Save in a thread; a failure is logged, the book is only a cache."""
    try:
        await trio.to_thread.run_sync(book.save)
    except OSError as error:
        log.warning("address book not saved", reason=str(error))


async def keep_saved(book: AddressBook, log: Log) -> None:
    """Save whenever something changed, until cancelled."""
    while True:
        await trio.sleep(SAVE_SECONDS)
        if book.changed:
            await save(book, log)

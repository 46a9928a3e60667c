"""Several private network keys at once, so that one can be exchanged without cutting the fleet in two.

The library knows one key per host. A connection is made with one key, too, but nothing says that it must be the same
for all: whoever is called can tell from the first bytes which of its keys the caller has, because they always say
`/multistream/1.0.0`. Whoever calls has to choose: the newest key first, and after a failed dial the one before it, in
turn. Links that are up are not touched by an exchange of keys, since a key only opens the door.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from Crypto.Cipher import Salsa20
from libp2p.abc import IRawConnection
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.security.pnet.protector import new_protected_conn
from libp2p.security.pnet.psk_conn import PskConn

HELLO = b"\x13/multistream/1.0.0\n"  # what a caller says first, inside the encryption
NONCE_BYTES = 8

_dialling: ContextVar[str] = ContextVar("_dialling", default="")


class KeyRing(str):
    """The newest key, as the library wants it, and the others that are accepted. Never shown."""

    others: tuple[str, ...]

    def __new__(cls, newest: str, others: Sequence[str] = ()) -> "KeyRing":
        made = super().__new__(cls, newest)
        made.others = tuple(others)
        return made

    def in_turn(self, number: int) -> str:
        """The key for the dial after `number` failures."""
        keys = (str(self), *self.others)
        return keys[number % len(keys)]

    def __repr__(self) -> str:
        return f"KeyRing({1 + len(self.others)} keys)"


@contextmanager
def dialling_with(key: str) -> Generator[None]:
    """What is dialled in this block is dialled with this key."""
    token = _dialling.set(key)
    try:
        yield
    finally:
        _dialling.reset(token)


def protected(conn: RawConnection | IRawConnection, psk: str) -> PskConn:
    """Stands where the library wraps a connection with its one key."""
    if isinstance(psk, KeyRing) and getattr(conn, "is_initiator", False):
        return new_protected_conn(conn, _dialling.get() or psk)
    if isinstance(psk, KeyRing) and psk.others:
        return AnyKeyConn(conn, psk)
    return new_protected_conn(conn, psk)


class AnyKeyConn(PskConn):
    """An incoming connection under any of the keys. Raises ValueError when the caller hangs up before it is known."""

    def __init__(self, conn: RawConnection | IRawConnection, ring: KeyRing) -> None:
        super().__init__(conn, ring)
        self._keys = [bytes.fromhex(key) for key in (ring, *ring.others)]
        self._first = b""

    async def write(self, data: bytes) -> None:
        await self._recognise()
        await super().write(data)

    async def read(self, n: int | None = None) -> bytes:
        await self._recognise()
        if not self._first:
            return await super().read(n)
        taken, self._first = self._first[:n], self._first[n:] if n else b""
        return taken

    async def _recognise(self) -> None:
        """Find the key of the caller. Of none, the newest is taken, and the handshake fails as it would have."""
        if self.read_cipher is not None:
            return
        nonce, said = await self._exactly(NONCE_BYTES), await self._exactly(len(HELLO))
        for key in (*self._keys, self._keys[0]):
            self._psk, self.read_cipher = key, Salsa20.new(key=key, nonce=nonce)
            self._first = self.read_cipher.decrypt(said)
            if self._first == HELLO:
                return

    async def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = await self._conn.read(count - len(data))
            if not piece:
                raise ValueError("the caller hung up before it said anything")
            data += piece
        return data

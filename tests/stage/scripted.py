"""A loopback server that says what a test tells it to, for answers that no sane server gives.

What a real GitHub would answer is the stand-in's business; here are broken connections, broken TLS and broken bytes.
"""

import datetime
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from node.clock import SystemClock
from node.github import Client, Kind, Secret, Token

TOKEN = Token("test", Kind.CLASSIC, Secret("ghp_" + "a" * 36))
REPOSITORY = '{"id": 1, "name": "shop", "full_name": "acme/shop", "private": true, "url": "%s/repos/acme/shop"}'

GARBAGE = b"\x00 this is no TLS record"  # sent below TLS, breaks the connection in the middle


@dataclass
class Scripted:
    """`say` maps "METHOD /path" to the bytes to answer; None: hang up without a word."""

    say: Callable[[str], bytes | None]
    url: str = ""
    asked: list[str] = field(default_factory=list[str])

    def count(self, method: str) -> int:
        return sum(line.startswith(method + " ") for line in self.asked)

    async def serve(self, stream: trio.abc.Stream, below: trio.SocketStream) -> None:
        async with stream:
            while line := await _request(stream):
                self.asked.append(line)
                answer = self.say(line)
                if answer is None:
                    return
                if answer is GARBAGE:
                    await below.send_all(answer)
                    await below.aclose()
                    return
                await stream.send_all(answer)


@asynccontextmanager
async def scripted(say: Callable[[str], bytes | None], tls: ssl.SSLContext | None = None) -> AsyncGenerator[Scripted]:
    server = Scripted(say)

    async def serve(stream: trio.SocketStream) -> None:
        secured = stream if tls is None else trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # these tests make clients go away
            await server.serve(secured, stream)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        server.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        yield server
        nursery.cancel_scope.cancel()


def answer(status: int, body: str, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body.encode())}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def client_of(url: str, *, verify: bool | str = True, token: Token = TOKEN) -> Client:
    return Client(
        token,
        SystemClock(),
        base_url=url,
        seconds_between_requests=0.0,
        seconds_between_writes=0.0,
        backoff=0.0,
        verify=verify,
    )


def certificate(folder: Path) -> Path:
    """A self-signed certificate with its key, for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


async def _request(stream: trio.abc.Stream) -> str:
    """The first line of the next request, once all of it has come; empty when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = await stream.receive_some(65536)
        if not more:
            return ""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += await stream.receive_some(65536)
    return head.split(b"\r\n")[0].decode().rsplit(" ", 1)[0]

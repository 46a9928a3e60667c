"""A process with nothing but a network in it, driven over its standard input; see `network_process.py`.

Run as `python -m tests.fleet.network_node <options as JSON>`. Each line in is a command, each line out an event.
"""

import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import trio

from node.network import Network, NetworkSettings, open_network


class Silent:
    def debug(self, event: str, **fields: object) -> None: ...

    info = warning = debug


def say(**event: object) -> None:
    print(json.dumps(event), flush=True)


async def tell_messages(network: Network) -> None:
    async for origin, data in network.messages:
        say(message=data.decode(), origin=origin)


async def tell_links(network: Network, stall_on_link: float) -> None:
    seen = -1
    while True:
        seen = await network.wait_change(seen)
        if network.peers() and stall_on_link:
            time.sleep(stall_on_link)  # noqa: ASYNC251 - the fault: an event loop that stands still
            stall_on_link = 0.0
        say(links=[link.peer_id for link in network.peers()])


async def commands() -> AsyncIterator[dict[str, Any]]:
    lines = trio.wrap_file(sys.stdin)
    while line := await lines.readline():
        yield json.loads(line)


async def obey(network: Network) -> None:
    async for command in commands():
        for number in range(command.get("publish", 0)):
            await network.publish(f"{command['prefix']} {number}".encode())
        say(done=command, statistics=asdict(network.statistics()))


async def main(options: dict[str, Any]) -> None:
    name, directory, stall = options.pop("name"), options.pop("directory"), options.pop("stall_on_link", 0.0)
    listen, seeds = tuple(options.pop("listen")), tuple(options.pop("seeds"))
    settings = NetworkSettings(psk="5e" * 32, listen=listen, seeds=seeds, **options)
    key = hashlib.sha256(name.encode()).digest()
    book = Path(directory) / f"{name}.json"
    async with open_network(settings, key, book, Silent()) as network, trio.open_nursery() as nursery:
        say(addresses=network.addresses, peer_id=network.peer_id)
        nursery.start_soon(tell_messages, network)
        nursery.start_soon(tell_links, network, stall)
        await obey(network)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, json.loads(sys.argv[1]))

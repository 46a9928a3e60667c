"""asyncio: five tasks fail and nobody awaits them. The program ends well."""

import asyncio
import gc

from did import did

import aggregator


class FeedError(Exception):
    pass


async def refresh(number: int) -> None:
    await asyncio.sleep(0)
    did("feed")
    raise FeedError(f"feed {number} is no XML: <html> in line {number}")


async def main() -> None:
    tasks = [asyncio.create_task(refresh(number)) for number in range(1, 6)]
    await asyncio.wait(tasks)


aggregator.install(service="feed", release="0.9")
asyncio.run(main())
gc.collect()  # asyncio tells of an exception that nobody took when its task is thrown away

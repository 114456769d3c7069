"""Another process that writes to a store, as a receiver on another machine would."""

from __future__ import annotations

import asyncio
import sys

from drone_mcp_client.models import Build
from drone_mcp_state import open_store


async def write(url: str, slug: str, numbers: range) -> None:
    """Tell of builds, each first as running and then as finished, and say each number once it is kept."""
    async with open_store(url) as store:
        for number in numbers:
            for version, status in [(2, "running"), (3, "success")]:
                build = Build(number=number, status=status, version=version, created=number)
                await store.apply(slug, build, source="webhook", at=float(number))
            print(number, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], range(int(sys.argv[3]), int(sys.argv[4]))))

"""Waits for builds in a process of its own: `python waiter.py STATE COUNT`. Prints the moment of each wake-up."""

from __future__ import annotations

import asyncio
import sys
import time

from drone_mcp_state import open_store


async def main() -> None:
    """Wait for builds 1, 2, … in turn; say so before and after each."""
    async with open_store(sys.argv[1]) as store:
        cursor = await store.cursor()
        for number in range(1, int(sys.argv[2]) + 1):
            print("waiting", flush=True)
            found = await store.wait("bench/wake", number, cursor, timeout=30)
            print(time.time(), flush=True)
            cursor = found.cursor


if __name__ == "__main__":
    asyncio.run(main())

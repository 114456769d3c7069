"""A store belongs to one server of each service."""

from __future__ import annotations

import pytest

from ci_mcp_kit.notes.opening import SharedNotes
from ci_mcp_kit.store_errors import StoreOfAnother


async def write_to(url: str, address: str, service: str = "CI") -> None:
    notes = SharedNotes(url, service, address)
    try:
        await notes.write_note("a", "note", 60, at=1000)
    finally:
        await notes.close()


async def test_the_first_server_binds_the_store_and_another_one_is_refused_with_both_named(shared_url: str) -> None:
    await write_to(shared_url, "https://one.test")
    for _ in range(2):
        with pytest.raises(StoreOfAnother, match=r"CI at https://one\.test, and this process asks https://two\.test"):
            await write_to(shared_url, "https://two.test")
    await write_to(shared_url, "https://one.test")


@pytest.mark.parametrize("same", ["https://ONE.test", "https://one.test/", "https://one.test:443"])
async def test_one_server_may_be_written_in_several_ways(shared_url: str, same: str) -> None:
    await write_to(shared_url, "https://one.test")
    await write_to(shared_url, same)


async def test_servers_of_two_services_may_share_a_store(shared_url: str) -> None:
    await write_to(shared_url, "https://one.test", "CI")
    await write_to(shared_url, "https://two.test", "Deployments")

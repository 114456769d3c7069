"""The build store: keeps the state of builds right in whatever order events arrive, and shares it between processes.

async with open_store("sqlite:///var/lib/drone-mcp/state.db") as store:
    record = await store.get("octo/hello", 7)
    changes = await store.wait("octo/hello", 7, record.cursor, timeout=45)
"""

from ci_mcp_kit.store_errors import StoreError, StoreOfAnother, StoreTooNew, StoreUnavailable, StoreUrlInvalid
from drone_mcp_state.merge import Transition, is_settled, lacks_details, merge, transitions
from drone_mcp_state.opening import open_store, restore_snapshot, write_snapshot
from drone_mcp_state.records import Change, Changes, FeedHealth, Record, Source
from drone_mcp_state.store import BuildStateStore

__all__ = [
    "BuildStateStore",
    "Change",
    "Changes",
    "FeedHealth",
    "Record",
    "Source",
    "StoreError",
    "StoreOfAnother",
    "StoreTooNew",
    "StoreUnavailable",
    "StoreUrlInvalid",
    "Transition",
    "is_settled",
    "lacks_details",
    "merge",
    "open_store",
    "restore_snapshot",
    "transitions",
    "write_snapshot",
]

"""No sequence of calls leaves the audit file unwritable, or in a state that `audit verify` reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_kit.guard import audit_command
from drone_mcp_actions.server import SPEC
from support.actions_desk import ADDITIONS, TOOLS, Person, desk

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from support.actions_desk import Desk

WILD = st.text(max_size=8) | st.builds(lambda text: text * 40_000, st.text(min_size=1, max_size=2))
CALLS = st.tuples(
    st.sampled_from(TOOLS),
    st.fixed_dictionaries(
        {"number": st.integers(0, 3), "repo": st.sampled_from(("octo/hello", "octo/guarded", "acme/web")) | WILD},
        optional={
            "stage": st.integers(-1, 3),
            "dry_run": st.booleans(),
            "confirmation": WILD,
            "params": st.dictionaries(WILD, WILD, max_size=3),
            "debug": st.booleans(),
        },
    ),
)


@given(
    calls=st.lists(CALLS, min_size=1, max_size=4),
    scope=st.sampled_from(("", "octo/*")),
    mode=st.sampled_from(("on", "on", "dry-run", "off")),
    says=st.sampled_from(("accept", "decline", "cancel")),
    fault=st.sampled_from((None, "status", "drop", "reset", "truncate", "html")),
)
@settings(max_examples=25)
def test_after_any_calls_the_file_is_intact_and_takes_the_next_line(
    tmp_path_factory: pytest.TempPathFactory,
    calls: list[tuple[str, dict[str, Any]]],
    scope: str,
    mode: str,
    says: str,
    fault: str | None,
) -> None:
    folder: Path = tmp_path_factory.mktemp("audit")

    async def call(at: Desk) -> None:
        if fault:
            at.drone.break_with(fault, route="POST /api/repos/*")
        for tool, arguments in calls:
            before = len(at.lines)
            answer = await at.call(tool, **arguments)
            # A wrong argument is refused without a line, as it asks for no action.
            assert not answer.failed or answer.code == "INVALID_INPUT" or len(at.lines) > before
        at.drone.world.faults.clear()
        before = len(at.lines)
        await at.call("drone_restart_build", repo="octo/hello", number=3)
        assert len(at.lines) > before
        assert all("outcome" in line for line in at.lines if line["event"] not in {"asked", "attempt"})

    async def run() -> None:
        async with desk(folder, "auto", Person(says), **ADDITIONS, DRONE_MCP_ACTIONS=mode, DRONE_MCP_REPOS=scope) as at:
            await call(at)

    anyio.run(run)
    assert audit_command.main(SPEC.command, "NO_SUCH_KEY", ["verify", str(folder / "audit.jsonl")]) == 0

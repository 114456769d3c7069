"""What a status page says of the audit log, and whether the file is intact."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.guard.audit_file import FileSink
from drone_mcp_status import audit_log
from drone_mcp_status.audit_log import CHECKED_FOR, AuditReader

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_status.page_data import AuditLog


async def everything(_: dict[str, Any]) -> bool:
    return True


async def read(place: Path | str) -> AuditLog:
    return await AuditReader(str(place), None, lambda: 0.0).read(everything)


async def written(folder: Path, count: int) -> Path:
    """Write lines as a server does."""
    path = folder / "audit.jsonl"
    for number in range(count):
        await FileSink(path, None).append({"event": "attempt", "operation": "restart", "repo": f"octo/{number}"})
    return path


async def test_the_newest_lines_come_first_and_the_whole_file_is_verified(tmp_path: Path) -> None:
    found = await read(await written(tmp_path, 3))
    assert (found.name, found.condition, found.verdict) == (
        "audit.jsonl",
        "good",
        "Intact: all 3 lines are as they were written.",
    )
    assert ["octo/2" in str(found.lines[0]), "octo/0" in str(found.lines[2])] == [True, True]


async def test_a_changed_line_is_reported_and_found_again_after_each_change(tmp_path: Path) -> None:
    path = await written(tmp_path, 3)
    reader = AuditReader(str(path), None, lambda: 0.0)
    assert (await reader.read(everything)).condition == "good"
    path.write_text(path.read_text(encoding="utf-8").replace("octo/1", "octo/forged"), encoding="utf-8")
    found = await reader.read(everything)
    assert (found.condition, found.verdict.startswith("NOT INTACT: line ")) == ("bad", True)


async def test_a_file_that_looks_unchanged_is_verified_again_after_a_minute(tmp_path: Path) -> None:
    path, now = await written(tmp_path, 3), [0.0]
    reader = AuditReader(str(path), None, lambda: now[0])
    assert (await reader.read(everything)).condition == "good"
    before = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace("octo/1", "octo/9"), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    now[0] = CHECKED_FOR
    assert (await reader.read(everything)).condition == "good"
    now[0] += 1
    assert (await reader.read(everything)).condition == "bad"


async def test_lines_that_a_reader_may_not_see_are_left_out(tmp_path: Path) -> None:
    async def of_one(entry: dict[str, Any]) -> bool:
        return entry.get("repo") == "octo/1"

    found = await AuditReader(str(await written(tmp_path, 3)), None, lambda: 0.0).read(of_one)
    assert (len(found.lines), "octo/1" in str(found.lines[0])) == (1, True)


@pytest.mark.parametrize(
    ("place", "detail"),
    [
        ("stderr", "The lines go to standard error, from where they cannot be read back."),
        ("https://logs.example.com/lines", "The lines go to a collector, from where they cannot be read back."),
    ],
)
async def test_lines_that_go_elsewhere_are_not_there_to_be_read(place: str, detail: str) -> None:
    found = await read(place)
    assert (found.condition, found.verdict) == ("off", detail)


async def test_a_file_that_is_missing_or_no_file_or_too_large_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing, folder = await read(tmp_path / "none.jsonl"), await read(tmp_path)
    assert (missing.condition, missing.verdict) == ("off", "No agent has acted yet.")
    assert (folder.condition, folder.verdict.startswith("The file cannot be checked: ")) == ("bad", True)
    path = await written(tmp_path, 1)
    monkeypatch.setattr(audit_log, "LARGEST", path.stat().st_size - 1)
    large = await read(path)
    assert (large.condition, "audit verify FILE" in large.verdict) == ("warning", True)

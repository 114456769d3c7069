from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge_client.diffs import FileDiff, Hunk, split_diff
from support.forge_captures import gitea

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    # Without anyone's own settings.
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).stdout.decode()


def write(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_the_captured_diff_of_a_pull_request_is_its_files_and_hunks() -> None:
    renamed, deleted, changed, added = split_diff(gitea(164).body.decode())
    assert renamed == FileDiff("LINK2.md", "LINK.md")
    assert deleted == FileDiff("docs/guide with space.md", hunks=(Hunk(1, 0, ("-# Guide",)),))
    assert (changed.path, changed.hunks[0].new_start, len(changed.hunks[0].lines)) == ("src/main.py", 4, 7)
    assert added.hunks[0].lines[0] == "+from src.main import mul"


def test_the_diff_of_a_real_repository_is_read_whatever_its_files_are_called(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    old = {"a.txt": b"one\n-- two\nthree\n", "sp ace": b"x", 'ü"\t.txt': "ü\n".encode(), "bin": b"\0\1", "gone": b"g\n"}
    write(tmp_path, **old, moved=b"same\nlines\nhere\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "before")
    write(tmp_path, **{**old, "a.txt": b"one\nthree\n++ four\n", "sp ace": b"y", 'ü"\t.txt': b"u\n", "bin": b"\0\2"})
    write(tmp_path, empty=b"")
    git(tmp_path, "mv", "moved", "to here")
    git(tmp_path, "rm", "-q", "gone")
    git(tmp_path, "add", ".")
    files = {file.path: file for file in split_diff(git(tmp_path, "diff", "--cached"))}
    assert files.keys() == {"a.txt", "sp ace", 'ü"\t.txt', "bin", "gone", "to here", "empty"}
    assert files["a.txt"].hunks == (Hunk(1, 1, (" one", "--- two", " three", "+++ four")),)
    assert files["bin"].is_binary
    assert files["to here"] == FileDiff("to here", "moved")
    assert files["empty"] == FileDiff("empty")
    assert files["sp ace"].hunks[0].lines == (
        *("-x", "\\ No newline at end of file", "+y", "\\ No newline at end of file"),
    )


CONTENT = st.lists(st.sampled_from(["a", "", "-- b", "++ b", "@@ -1 +1 @@", "diff --git a/x b/x", "\f", "\r", "c"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=CONTENT, after=CONTENT)
def test_the_hunks_turn_the_old_file_into_the_new_one(tmp_path: Path, before: list[str], after: list[str]) -> None:
    write(tmp_path, old="".join(f"{line}\n" for line in before).encode())
    write(tmp_path, new="".join(f"{line}\n" for line in after).encode())
    files = split_diff(git(tmp_path, "diff", "--no-index", "--unified=1", "old", "new"))
    assert len(files) == (before != after)
    result = list(before)
    for hunk in reversed(files[0].hunks if files else ()):
        removed = [line[1:] for line in hunk.lines if line[0] != "+"]
        # A hunk that removes nothing begins after the line of its number.
        start = hunk.old_start - 1 if removed else hunk.old_start
        assert result[start : start + len(removed)] == removed
        result[start : start + len(removed)] = [line[1:] for line in hunk.lines if line[0] != "-"]
    assert result == after


@pytest.mark.parametrize("text", ["", "\n", "not a diff", "@@ -1 +1 @@\n-a\n+b", "--- a/x\n+++ b/x"])
def test_what_is_no_diff_has_no_files(text: str) -> None:
    assert split_diff(text) == ()


@given(
    st.lists(st.sampled_from(["diff --git ", "a/x", " b/x", "@@ -1,99 +1,99 @@", "\n", '"', "\\777", "+++ ", "--- "]))
)
def test_no_text_is_too_odd_to_be_read(pieces: list[str]) -> None:
    assert isinstance(split_diff("".join(pieces)), tuple)


def test_a_diff_that_was_cut_keeps_what_came() -> None:
    (file,) = split_diff("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,5 +1,5 @@\n a\n-b")
    assert file.hunks == (Hunk(1, 1, (" a", "-b")),)

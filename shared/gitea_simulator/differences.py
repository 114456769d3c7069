"""The differences of two trees: changed files, and the text that `git diff` prints. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitea_simulator.git import Blob

CONTEXT: Final = 3  # lines around a change, git's default


@dataclass(frozen=True)
class Difference:
    """A file that differs. `status` is Gitea's word; `before` and `after` are None for a side without the file."""

    path: str
    status: str
    before: Blob | None
    after: Blob | None
    previous: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether git shows no lines of it."""
        return any(blob is not None and b"\0" in blob.content[:8000] for blob in (self.before, self.after))

    @property
    def numbers(self) -> tuple[int, int]:
        """The numbers of added and removed lines."""
        lines = [line for hunk in self.hunks() for line in hunk[1:]]
        return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)

    def hunks(self) -> list[list[str]]:
        """Return the hunks, each with its header first; every line has its end, and the note about a missing one."""
        if self.is_binary or self.before == self.after:
            return []
        before, after = _lines(self.before), _lines(self.after)
        hunks: list[list[str]] = []
        for line in list(difflib.unified_diff(before, after, n=CONTEXT))[2:]:
            if line.startswith("@@"):
                # git names the line that opens the part of the file (git/git v2.47.0, xdiff/xemit.c).
                start = int(line.split()[1].split(",", maxsplit=1)[0][1:])
                above = (
                    text for text in reversed(before[: max(0, start - 1)]) if text[:1].isalpha() or text[:1] in "_$"
                )
                opening = next(above, "").strip()[:80]
                hunks.append([f"{line.rstrip()} {opening}\n" if opening else f"{line.rstrip()}\n"])
            elif line.endswith("\n"):
                hunks[-1].append(line)
            else:
                hunks[-1] += [f"{line}\n", "\\ No newline at end of file\n"]
        return hunks


def compare_trees(before: Mapping[str, Blob], after: Mapping[str, Blob]) -> list[Difference]:
    """Return the files that differ, by path. A file that only moved is renamed."""
    gone = {path: blob for path, blob in before.items() if path not in after}
    found = []
    for path, blob in after.items():
        if path in before:
            if before[path] != blob:
                found.append(Difference(path, "changed", before[path], blob))
            continue
        source = next((old for old, content in gone.items() if content == blob), "")
        if source:
            found.append(Difference(path, "renamed", gone.pop(source), blob, source))
        else:
            found.append(Difference(path, "added", None, blob))
    found += [Difference(path, "deleted", blob, None) for path, blob in gone.items()]
    return sorted(found, key=lambda difference: difference.path)


def write_diff(differences: list[Difference]) -> str:
    """Return the text of a diff."""
    return "".join(map(_write_file, differences))


def _write_file(difference: Difference) -> str:
    old, new = difference.previous or difference.path, difference.path
    before, after = difference.before, difference.after
    lines = [f"diff --git a/{old} b/{new}\n"]
    if difference.previous:
        lines += ["similarity index 100%\n", f"rename from {old}\n", f"rename to {new}\n"]
    elif before is None and after is not None:
        lines += [f"new file mode {after.mode}\n", f"index 0000000..{after.sha[:7]}\n"]
    elif after is None and before is not None:
        lines += [f"deleted file mode {before.mode}\n", f"index {before.sha[:7]}..0000000\n"]
    elif before is not None and after is not None:
        lines += [f"index {before.sha[:7]}..{after.sha[:7]} {after.mode}\n"]
    hunks = difference.hunks()
    sides = (_side("a", old, before), _side("b", new, after))
    if difference.is_binary and before != after:
        lines.append(f"Binary files {sides[0].rstrip()} and {sides[1].rstrip()} differ\n")
    elif hunks:
        lines += [f"--- {sides[0]}\n", f"+++ {sides[1]}\n"]
        lines += [line for hunk in hunks for line in hunk]
    return "".join(lines)


def _side(letter: str, path: str, blob: Blob | None) -> str:
    # A tab after a name with blanks, for tools that would take what follows for a time (git/git v2.47.0, diff.c).
    return "/dev/null" if blob is None else f"{letter}/{path}" + ("\t" if " " in path else "")


def _lines(blob: Blob | None) -> list[str]:
    return [] if blob is None else blob.content.decode("utf-8", "replace").splitlines(keepends=True)

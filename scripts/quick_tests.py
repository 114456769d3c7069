"""Chooses the tests for `scripts/test --quick`: those of the changed files, then those of the whole tree's rules.

It also asks for a line of the changelog if something that users see has changed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
# The structure of the code, and links, tables and paths of the pages: what a change of any file may break.
RULES = ("tests/test_architecture.py", "tests/test_readme.py", "tests/test_tools_page.py")
# Each of these takes minutes: they build packages and images, or install clients.
LONG = ("tests/installation", "tests/docker/test_images.py", "tests/clients")
# Lists of tools, answers, help texts, configurations: what users see of a change.
VISIBLE = re.compile(
    r"^(servers/.*/(manifest|surface)\.json|tests/.*/snapshots/.*|.*/help\.ansi|docker/k8s/.*|roles/.*)$"
)


def main() -> None:
    """Print the chosen tests, one a line; ask for a line of the changelog on standard error."""
    changed = changed_files()
    print("\n".join(choose_tests(changed, ROOT)))
    visible = visible_changes(changed)
    if visible:
        named = ", ".join(visible[:3]) + (f" and {len(visible) - 3} more" if len(visible) > 3 else "")  # noqa: PLR2004 - a line
        print(f"Users see these changes: {named}. Add a line to CHANGELOG.md.", file=sys.stderr)


def changed_files() -> list[str]:
    """Return the files that differ from the upstream branch, or from the commit before the last without one."""
    upstream = _git("rev-parse", "--verify", "--quiet", "@{upstream}") or ["HEAD~1"]
    base = _git("merge-base", "HEAD", upstream[0]) or ["HEAD"]
    return _git("diff", "--name-only", base[0]) + _git("ls-files", "--others", "--exclude-standard")


def choose_tests(changed: list[str], root: Path) -> list[str]:
    """Return the paths for pytest: test modules first, then the folders that mirror changed sources, then the rules."""
    modules = [path for path in changed if path.startswith("tests/") and PurePosixPath(path).name.startswith("test_")]
    folders: list[str] = []
    for path in map(PurePosixPath, changed):
        if path.parts[0] in {"servers", "shared", "entrypoint", "docker", "scripts"}:
            mirror = PurePosixPath("tests") / path.parent
            modules.append(str(mirror / f"test_{path.stem.replace('-', '_')}.py"))
            folders.append(str(next(folder for folder in (mirror, *mirror.parents) if (root / folder).is_dir())))
    chosen = dict.fromkeys([*modules, *folders, *RULES])  # without duplicates, in order
    return [path for path in chosen if path != "tests" and not path.startswith(LONG) and (root / path).exists()]


def visible_changes(changed: list[str]) -> list[str]:
    """Return the changed files that show something to users; none if the changelog has changed, too."""
    return [] if "CHANGELOG.md" in changed else [path for path in changed if VISIBLE.fullmatch(path)]


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - found on the path
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


if __name__ == "__main__":
    main()

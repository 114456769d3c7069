"""Work that a clone of the pushed branch would lack is reported, wherever it is; what was there before is not."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from drone_mcp_config.agents.delivery import check_delivery
from drone_mcp_config.errors import NotPushed
from support.agent_git import World, deliver, to
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

WHO = "-c user.name=x -c user.email=x@example.com"
COMMIT = f"git {WHO} commit -qm c"
DELETE = "git --git-dir=../../library.git update-ref -d refs/heads/gone"
# What an agent does -> what its branch lacks then.
PLACES = {
    "a repository in the repository": (f"mkdir sub; cd sub; git init -q; echo c >c; git add c; {COMMIT}", "in sub"),
    "one without a commit": ("mkdir sub; cd sub; git init -q; echo c >c", "in sub"),
    "one deep in a new folder": (f"mkdir -p a/b; cd a/b; git init -q; echo c >c; git add c; {COMMIT}", "in a/b"),
    "one with a name like a pattern": ("mkdir 's*b [x]'; cd 's*b [x]'; git init -q; echo c >c", "in s*b [x]"),
    "one that was committed as a link": (
        f"git init -q sub; cd sub; echo c >c; git add c; {COMMIT}; cd ..; git add sub 2>&1; {COMMIT}",
        "the repository in sub, which .gitmodules does not name",
    ),
    "a clone with changes": ("git clone -q ../remote.git sub 2>&1; echo more >>sub/first", "in sub"),
    "a clone with a commit": (
        f"git clone -q -b work-in-common ../remote.git sub; cd sub; echo x >x; git add x; {COMMIT}", "in sub",
    ),
    "a stash": (f"echo more >>first; git {WHO} stash -q", "the stash "),
    "another branch": (f"git checkout -q -b b; echo x >x; git add x; {COMMIT}; git checkout -q agent", "the branch b"),
    "the branch itself, left": (f"echo x >x; git add x; {COMMIT}; git checkout -q work-in-common~0", "branch agent"),
    "another work tree": ("git worktree add -q ../tree -b tree; echo x >../tree/x", "the work tree "),
    "another work tree inside": ("git worktree add -q tree -b tree; echo x >tree/x", "the work tree "),
    "another work tree with a commit": (
        f"git worktree add -q --detach ../tree; cd ../tree; echo x >x; git add x; {COMMIT}", "the work tree ",
    ),
    "a file that git does not look at": ("git update-index --assume-unchanged first; echo more >>first", "first"),
    "a file that git skips": ("git update-index --skip-worktree first; echo more >>first", "first"),
    "a file that a hook makes": (
        "printf '#!/bin/sh\\necho x >made' >.git/hooks/post-commit; chmod +x .git/hooks/post-commit; echo x >x",
        "changes that were not committed (made)",
    ),
}  # fmt: skip


def do(world: World, script: str) -> None:
    environment = {**world.environment, "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["/bin/sh", "-ec", script], cwd=world.clone, env=environment, check=True, timeout=PATIENCE)


@pytest.mark.parametrize("case", PLACES)
def test_work_that_a_clone_would_lack_is_reported_and_the_rest_is_pushed(world: World, case: str) -> None:
    script, place = PLACES[case]
    before = check_delivery(world.agent_git(), to())
    do(world, script)
    (world.clone / "new").touch()
    with pytest.raises(NotPushed) as caught:
        deliver(world.agent_git(), to(), before)
    assert str(caught.value).startswith("Pushed ")
    assert f"{place}" in str(caught.value)
    assert "new" in world.git("ls-tree", "--name-only", "agent", where=world.remote).split()


@pytest.mark.parametrize("case", PLACES)
def test_what_was_there_before_the_agent_is_not_its_work(world: World, case: str) -> None:
    do(world, PLACES[case][0])
    if "hook" in case:
        pytest.skip("the hook works for the agent")
    before = check_delivery(world.agent_git(), to())
    (world.clone / "new").touch()
    assert deliver(world.agent_git(), to(), before).startswith("Pushed ")


@pytest.mark.parametrize(
    "script",
    [
        "git clone -q -b work-in-common ../remote.git sub",  # a clone as it came
        "git branch other; git tag some",
        "git worktree add -q tree -b tree",
        "git update-index --skip-worktree first",
        "printf 'x\\n' >.gitignore; touch x; mkdir sub; git init -q sub/x",
        f"git checkout -q --detach; echo x >x; git add x; {COMMIT}",
        f"git checkout -q -b other; echo x >x; git add x; {COMMIT}; git push -q origin other",
    ],
)
def test_what_is_nobodys_work_or_is_pushed_elsewhere_is_no_failure(world: World, script: str) -> None:
    before = check_delivery(world.agent_git(), to())
    do(world, script)
    assert deliver(world.agent_git(), to(), before).startswith(("Pushed ", "Nothing to push"))


@pytest.fixture
def submodule(world: World) -> Callable[[str], None]:
    """Make a submodule `sub` that the remote has; then run a script in it."""
    library = world.remote.parent / "library.git"
    world.git("init", "--quiet", "--bare", "--initial-branch", "main", str(library))
    seed = world.remote.parent / "seed"
    world.git("clone", "--quiet", str(library), str(seed))
    world.commit("one", seed)
    world.git("push", "--quiet", "origin", "HEAD:main", where=seed)
    world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "sub")
    world.git(*WHO.split(), "commit", "--quiet", "-m", "add it")
    world.git("push", "--quiet", "origin", "HEAD:agent")
    return lambda script: do(world, f"cd sub; {script}")


@pytest.mark.parametrize(
    ("script", "lacking"),
    [
        (f"echo x >x; git add x; {COMMIT}", "commits of the submodule sub"),
        ("echo x >x", "uncommitted changes in the submodule sub"),
        ("echo more >>one", "uncommitted changes in the submodule sub"),
        # Its own remote is asked: that branch is no longer there, whatever the submodule remembers.
        (f"echo x >x; git add x; {COMMIT}; git push -q origin HEAD:gone; {DELETE}", "commits of the submodule sub"),
    ],
)
def test_a_submodule_with_work_of_its_own_is_reported(
    world: World, submodule: Callable[[str], None], script: str, lacking: str
) -> None:
    before = check_delivery(world.agent_git(), to())
    submodule(script)
    with pytest.raises(NotPushed, match=lacking):
        deliver(world.agent_git(), to(), before)


def test_a_submodule_whose_commit_is_pushed_is_pushed(world: World, submodule: Callable[[str], None]) -> None:
    before = check_delivery(world.agent_git(), to())
    submodule(f"echo x >x; git add x; {COMMIT}; git push -q origin HEAD:main")
    assert deliver(world.agent_git(), to(), before).startswith("Pushed ")
    fresh = world.remote.parent / "fresh"
    always = ("-c", "protocol.file.allow=always")
    world.git(*always, "clone", "--quiet", "--recurse-submodules", "-b", "agent", str(world.remote), str(fresh))
    assert (fresh / "sub" / "x").read_text() == "x\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_reported(world: World) -> None:
    before = check_delivery(world.agent_git(), to())
    do(world, "mkdir closed; echo x >closed/x; chmod 000 closed")
    try:
        with pytest.raises(NotPushed, match="the folder that cannot be read, closed"):
            deliver(world.agent_git(), to(), before)
    finally:
        (world.clone / "closed").chmod(0o700)


@pytest.mark.parametrize("settings", [("status.showUntrackedFiles", "no"), ("diff.ignoreSubmodules", "all")])
def test_settings_that_hide_files_hide_no_work(world: World, settings: tuple[str, str]) -> None:
    world.git("config", *settings)
    (world.clone / "new").touch()
    assert deliver(world.agent_git(), to()).startswith("Pushed ")
    assert "new" in world.git("ls-tree", "--name-only", "agent", where=world.remote).split()


def test_an_agent_in_a_folder_of_the_work_tree_has_all_of_it_pushed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.clone / "folder").mkdir()
    monkeypatch.chdir(world.clone / "folder")
    (world.clone / "new").touch()
    assert deliver(world.agent_git(), to()).startswith("Pushed ")
    assert "new" in world.git("ls-tree", "--name-only", "agent", where=world.remote).split()


def test_a_branch_that_was_deleted_at_the_remote_meanwhile_is_pushed_again(world: World) -> None:
    commit = world.commit("second")
    world.git("push", "--quiet", "origin", "HEAD:agent")
    world.git("update-ref", "-d", "refs/heads/agent", where=world.remote)
    assert deliver(world.agent_git(), to()).startswith("Pushed ")
    assert world.there() == commit


def test_a_remote_that_takes_a_push_and_drops_it_is_noticed(world: World) -> None:
    hook = world.remote / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\ngit update-ref -d refs/heads/agent\n", encoding="utf-8")
    hook.chmod(0o755)
    world.commit("second")
    with pytest.raises(NotPushed, match="git reports success, but origin has no such branch there"):
        deliver(world.agent_git(), to())

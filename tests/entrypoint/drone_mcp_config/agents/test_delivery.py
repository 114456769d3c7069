"""What an agent leaves, pushed with a real git into a real repository: when, where to, by whom, and when not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drone_mcp_config.agents.delivery import check_delivery
from drone_mcp_config.errors import NotPushed, NotStarted, UserError
from support.agent_git import SOMEBODY, World, deliver, to

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_left_is_committed_and_pushed_new_changed_and_deleted(world: World) -> None:
    world.commit("second")
    (world.clone / "first").unlink()
    (world.clone / "second").write_text("changed", encoding="utf-8")
    (world.clone / "folder").mkdir()
    (world.clone / "folder" / "new").write_text("new", encoding="utf-8")
    said = deliver(world.agent_git(), to())
    head = world.git("rev-parse", "HEAD")
    assert said == f"Pushed {head[:12]} to agent."
    assert world.there() == head
    assert world.git("ls-tree", "-r", "--name-only", "agent", where=world.remote).split() == ["folder/new", "second"]
    assert world.git("status", "--porcelain") == ""


def test_the_message_names_the_session_and_the_role(world: World) -> None:
    (world.clone / "new").touch()
    deliver(world.agent_git(), to(session="s-42"))
    assert world.there(what="%B") == "Save what session s-42 left\n\nAgent-Role: dev\nAgent-Session: s-42"


def test_without_a_session_the_message_names_the_role(world: World) -> None:
    (world.clone / "new").touch()
    deliver(world.agent_git(), to(session=""))
    assert world.there(what="%B") == "Save what the dev agent left\n\nAgent-Role: dev"


def test_an_agent_without_a_name_gets_one(world: World) -> None:
    (world.clone / "new").touch()
    deliver(world.agent_git(), to())
    assert world.there(what="%an <%ae> %cn") == "dev agent <agent@drone-mcp.invalid> dev agent"


def test_gits_own_configuration_and_variables_say_who_commits(world: World) -> None:
    world.git("config", "user.name", "Configured")
    world.git("config", "user.email", "configured@example.com")
    (world.clone / "new").touch()
    deliver(world.agent_git(**SOMEBODY), to())
    assert world.there(what="%an <%ae> %cn <%ce>") == "Ada <ada@example.com> Configured <configured@example.com>"


def test_the_agents_own_commits_are_pushed_though_nothing_is_left(world: World) -> None:
    commit = world.commit("second")
    assert deliver(world.agent_git(), to()) == f"Pushed {commit[:12]} to agent."
    assert world.there() == commit


def test_nothing_new_is_not_pushed(world: World) -> None:
    assert deliver(world.agent_git(), to()) == "Nothing to push: agent has all commits."
    assert not world.has("agent")


def test_nothing_new_on_a_branch_that_others_went_on_with_is_no_failure(world: World) -> None:
    world.git("push", "--quiet", "origin", "HEAD:agent")
    theirs = world.somebody_else_pushes("agent")
    assert deliver(world.agent_git(), to()).startswith("Nothing to push")
    assert world.there() == theirs


def test_an_empty_repository_with_nothing_in_it_is_left_empty(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = world.clone.parent / "empty"
    world.git("init", "--quiet", str(empty))
    monkeypatch.chdir(empty)
    assert deliver(world.agent_git(), to()).startswith("Nothing to push")


def test_a_branch_that_others_went_on_with_is_not_overwritten(world: World) -> None:
    theirs = world.somebody_else_pushes("agent")
    (world.clone / "mine").touch()
    with pytest.raises(NotPushed, match=r"not pushed to agent: git push failed .*rejected.*It is in "):
        deliver(world.agent_git(), to())
    assert world.there() == theirs
    assert world.git("show", "--stat", "--format=", "HEAD").startswith("mine")  # still here, committed


@pytest.mark.parametrize("name", ["MERGE_HEAD", "rebase-merge"])
def test_in_the_middle_of_something_nothing_is_committed(world: World, name: str) -> None:
    head = world.git("rev-parse", "HEAD")
    (world.clone / ".git" / name).touch()
    (world.clone / "new").touch()
    with pytest.raises(NotPushed, match="in the middle of a merge"):
        deliver(world.agent_git(), to())
    assert world.git("rev-parse", "HEAD") == head


def test_a_hook_that_refuses_is_heard(world: World) -> None:
    hook = world.clone / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho error: no tabs >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    (world.clone / "new").touch()
    with pytest.raises(NotPushed, match=r"not pushed to agent: git commit failed \(error: no tabs\)"):
        deliver(world.agent_git(), to())


def test_a_remote_that_is_gone_by_then_is_reported_without_what_is_secret(world: World) -> None:
    world.git("remote", "set-url", "origin", "http://me:hunter2@127.0.0.1:1/octo/hello.git")
    world.commit("second")
    with pytest.raises(NotPushed, match=r"git ls-remote failed \(fatal: unable to access") as caught:
        deliver(world.agent_git(), to())
    assert "hunter2" not in str(caught.value)


def test_what_can_be_pushed_is_prepared_for(world: World) -> None:
    check_delivery(world.agent_git(), to())
    check_delivery(world.agent_git(), to("work-in-common", protected=True))


@pytest.mark.parametrize("name", ["main", "master", "trunk", "develop", "Main", "release", "release/1.0", "releases"])
def test_a_protected_name_is_refused_before_anything_starts(world: World, name: str) -> None:
    with pytest.raises(UserError, match=f"{name!r} is protected"):
        check_delivery(world.agent_git(), to(name))


def test_the_remotes_own_branch_is_protected_whatever_its_name(world: World) -> None:
    with pytest.raises(UserError, match="'work-in-common' is protected"):
        check_delivery(world.agent_git(), to("work-in-common"))


@pytest.mark.parametrize("name", ["refs/heads/main", "a..b", "-f", "a b", "HEAD", "a:main", "x.lock"])
def test_what_is_no_branch_is_refused(world: World, name: str) -> None:
    with pytest.raises(UserError, match="is no"):
        check_delivery(world.agent_git(), to(name))


def test_a_name_with_a_plus_is_a_name_and_forces_nothing(world: World) -> None:
    commit = world.commit("second")
    deliver(world.agent_git(), to("+agent"))
    assert world.there("+agent") == commit


def test_outside_of_a_work_tree_or_without_the_remote_it_says_so(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="remote 'upstream'"):
        check_delivery(world.agent_git(), to(remote="upstream"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="is in none"):
        check_delivery(world.agent_git(), to())


def test_a_remote_that_cannot_be_read_is_found_before_anything_starts(world: World) -> None:
    world.git("remote", "set-url", "origin", str(world.remote.parent / "nowhere"))
    with pytest.raises(
        NotStarted, match=r"not be pushed to agent of origin: git ls-remote failed .*'.*nowhere' does not appear"
    ):
        check_delivery(world.agent_git(), to())


def test_without_git_it_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="needs git"):
        check_delivery(world.agent_git(PATH=""), to())


def test_the_place_that_is_pushed_to_is_looked_at_though_it_is_fetched_from_another(world: World) -> None:
    mirror = world.remote.parent / "mirror.git"
    world.git("clone", "--quiet", "--bare", str(world.remote), str(mirror))
    world.git("remote", "set-url", "origin", str(mirror))
    world.git("remote", "set-url", "--push", "origin", str(world.remote))
    commit = world.commit("second")
    assert deliver(world.agent_git(), to()) == f"Pushed {commit[:12]} to agent."
    assert world.there() == commit


def test_a_message_that_a_hook_refuses_is_found_before_anything_starts(world: World) -> None:
    hook = world.clone / ".git" / "hooks" / "commit-msg"
    hook.write_text("#!/bin/sh\ngrep -q '^fix: ' $1 || { echo error: no type >&2; exit 1; }\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(NotStarted, match=r"refuses the message 'Save what session s-1 left' \(error: no type\)"):
        check_delivery(world.agent_git(), to())


def test_a_lock_that_was_left_is_found_before_anything_starts(world: World) -> None:
    (world.clone / ".git" / "index.lock").touch()
    with pytest.raises(NotStarted, match=r"index\.lock exists"):
        check_delivery(world.agent_git(), to())


@pytest.mark.parametrize("code", [0, 1])
def test_the_content_of_files_of_git_lfs_is_sent_first(world: World, code: int) -> None:
    lfs = world.clone.parent / "bin" / "git-lfs"
    lfs.parent.mkdir()
    lfs.write_text(f'#!/bin/sh\necho "$@" >>{lfs}.log\necho error: quota >&2\nexit {code}\n', encoding="utf-8")
    lfs.chmod(0o755)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1\n".format("0" * 64)
    (world.clone / "big.bin").write_text(pointer, encoding="utf-8")
    git = world.agent_git(PATH=f"{lfs.parent}:{world.environment['PATH']}")
    if code:
        with pytest.raises(NotPushed, match=r"^Pushed .*: the content of files of git-lfs \(error: quota\)"):
            deliver(git, to())
    else:
        assert deliver(git, to()).startswith("Pushed ")
    assert (lfs.parent / "git-lfs.log").read_text() == f"push origin {world.there()}\n"

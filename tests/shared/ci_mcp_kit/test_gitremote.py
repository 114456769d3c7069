from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.gitremote import remote_repo

if TYPE_CHECKING:
    from pathlib import Path


def clone(folder: Path, config: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(config)
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/octo/hello.git",
        "https://git.example.com/octo/hello",
        "https://ada:pw@git.example.com/octo/hello/",
        "git@git.example.com:octo/hello.git",
        "git.example.com:octo/hello",
        "ssh://git@git.example.com:2222/octo/hello.git",
    ],
)
def test_a_remote_names_the_repository_in_every_spelling(tmp_path: Path, url: str) -> None:
    assert remote_repo(clone(tmp_path, f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n')) == "octo/hello"


@pytest.mark.parametrize(
    "config",
    [
        "",
        "[core]\n\turl = https://git.example.com/octo/hello\n",
        '[remote "origin"]\n\turl = /srv/git/hello.git\n',
        '[remote "origin"]\n\turl = https://git.example.com/group/octo/hello.git\n',
        '[remote "a"]\n\turl = h:octo/a\n[remote "b"]\n\turl = h:octo/b\n',
        "\x00\xff[remote",
    ],
)
def test_a_configuration_that_names_none_gives_none(tmp_path: Path, config: str) -> None:
    assert remote_repo(clone(tmp_path, config)) is None


def test_origin_goes_before_other_remotes_and_a_single_other_one_will_do(tmp_path: Path) -> None:
    two = (
        '[remote "fork"]\n\turl = h:ada/hello\n[remote "origin"]\n\turl = h:octo/hello\n[branch "x"]\n\tremote = fork\n'
    )
    assert remote_repo(clone(tmp_path / "two", two)) == "octo/hello"
    assert remote_repo(clone(tmp_path / "one", '[remote "fork"]\n\turl = h:ada/hello\n')) == "ada/hello"


def test_a_folder_inside_the_clone_and_a_worktree_of_it_will_do(tmp_path: Path) -> None:
    main = clone(tmp_path / "main", '[remote "origin"]\n\turl = h:octo/hello\n')
    (main / "src" / "deep").mkdir(parents=True)
    (main / ".git" / "worktrees" / "other").mkdir(parents=True)
    (main / ".git" / "worktrees" / "other" / "commondir").write_text("../..\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".git").write_text(f"gitdir: {main}/.git/worktrees/other\n")
    assert remote_repo(main / "src" / "deep") == "octo/hello"
    assert remote_repo(tmp_path / "other") == "octo/hello"


def test_what_cannot_be_read_gives_none(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /no/such/place\n")
    assert remote_repo(tmp_path) is None
    (tmp_path / ".git").write_text("no such format")
    assert remote_repo(tmp_path) is None
    (tmp_path / "clone" / ".git" / "config").mkdir(parents=True)
    assert remote_repo(tmp_path / "clone") is None

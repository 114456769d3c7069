"""Files of a service: written whole, and never outside its folder, whatever someone else does to it meanwhile."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput, NotFound, ServiceError
from drone_mcp_node_agent.files.folder import ServiceFolders, StoredFile, split
from support.swapping import swapping

SECRET = b"not of the service"


@pytest.fixture
def folders(tmp_path: Path) -> ServiceFolders:
    (tmp_path / "srv").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "passwd").write_bytes(SECRET)
    return ServiceFolders(tmp_path / "srv", largest=100_000)


def outside(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "outside").iterdir()}


def test_a_file_comes_back_as_it_was_pushed_with_its_folders_and_mode(folders: ServiceFolders, tmp_path: Path) -> None:
    file = StoredFile(b"port = 1\n", 0o640)

    assert folders.push("shop", "conf/deep/app.toml", file)
    assert folders.pull("shop", "conf/deep/app.toml") == file
    assert [path.name for path in (tmp_path / "srv/shop/conf/deep").iterdir()] == ["app.toml"]


def test_the_same_file_again_changes_nothing(folders: ServiceFolders, tmp_path: Path) -> None:
    folders.push("shop", "app.toml", StoredFile(b"a", 0o600))
    before = (tmp_path / "srv/shop/app.toml").stat().st_ino

    assert not folders.push("shop", "app.toml", StoredFile(b"a", 0o600))
    assert not folders.push("shop", "app.toml", StoredFile(b"a", 0))
    assert (tmp_path / "srv/shop/app.toml").stat().st_ino == before
    assert folders.push("shop", "app.toml", StoredFile(b"a", 0o644))
    assert folders.push("shop", "app.toml", StoredFile(b"b", 0))
    assert folders.pull("shop", "app.toml") == StoredFile(b"b", 0o644)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_of_a_file_stays(folders: ServiceFolders, tmp_path: Path) -> None:
    folders.push("shop", "app.toml", StoredFile(b"a", 0o600))
    os.chown(tmp_path / "srv/shop/app.toml", 1234, 1235)
    folders.push("shop", "app.toml", StoredFile(b"b", 0))

    status = (tmp_path / "srv/shop/app.toml").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 1235, 0o600)


@pytest.mark.parametrize(
    "path",
    ["../etc/passwd", "/etc/passwd", "a/../../x", "..", "", ".", "a//b", "a/", "a/./b", "a\0b", "/".join("a" * 40)],
)
def test_a_path_that_leaves_the_folder_or_names_no_file_is_refused(folders: ServiceFolders, path: str) -> None:
    with pytest.raises(InvalidInput):
        folders.push("shop", path, StoredFile(b"x", 0))
    with pytest.raises(InvalidInput):
        folders.pull("shop", path)


@pytest.mark.parametrize("service", ["..", ".", "", "a/b", "../outside", "/etc", "A"])
def test_an_invalid_service_name_is_refused(folders: ServiceFolders, service: str) -> None:
    with pytest.raises(InvalidInput):
        folders.push(service, "passwd", StoredFile(b"x", 0))
    with pytest.raises(InvalidInput):
        folders.pull(service, "passwd")


@given(st.text(max_size=40))
def test_a_path_that_is_accepted_has_only_names_that_go_down(path: str) -> None:
    try:
        names = split(path)
    except InvalidInput:
        return
    assert Path("/srv/shop", *names).is_relative_to("/srv/shop/")
    assert os.path.normpath("/srv/shop/" + path) == "/srv/shop/" + "/".join(names)


@pytest.mark.parametrize("place", ["file", "folder", "service"])
def test_a_symbolic_link_is_never_followed(folders: ServiceFolders, tmp_path: Path, place: str) -> None:
    shop = tmp_path / "srv" / "shop"
    if place == "service":
        shop.symlink_to(tmp_path / "outside")
    else:
        shop.mkdir()
    if place == "file":
        (shop / "passwd").symlink_to(tmp_path / "outside" / "passwd")
    if place == "folder":
        (shop / "conf").symlink_to(tmp_path / "outside")
    path = "conf/passwd" if place == "folder" else "passwd"

    with pytest.raises(InvalidInput, match="symbolic link"):
        folders.pull("shop", path)
    with pytest.raises(InvalidInput, match="symbolic link"):
        folders.push("shop", path, StoredFile(b"x", 0))
    assert outside(tmp_path) == {"passwd": SECRET}


def test_a_folder_that_is_swapped_for_a_link_all_the_time_never_leads_outside(
    folders: ServiceFolders, tmp_path: Path
) -> None:
    shop = tmp_path / "srv" / "shop"
    (shop / "conf").mkdir(parents=True)
    (shop / "link").symlink_to(tmp_path / "outside")
    written = refused = 0
    with swapping(shop / "conf", shop / "link"):
        while min(written, refused) < 10:  # until both the folder and the link were met often
            try:
                folders.push("shop", "conf/passwd", StoredFile(str(written + refused).encode(), 0))
                written += 1
                assert folders.pull("shop", "conf/passwd").content != SECRET
            except ServiceError:
                refused += 1

    assert outside(tmp_path) == {"passwd": SECRET}


def test_only_regular_files_are_read_and_replaced(folders: ServiceFolders, tmp_path: Path) -> None:
    (tmp_path / "srv/shop/folder").mkdir(parents=True)
    os.mkfifo(tmp_path / "srv/shop/pipe")

    for name in ("pipe", "folder"):
        with pytest.raises(InvalidInput):
            folders.pull("shop", name)
        with pytest.raises(InvalidInput):
            folders.push("shop", name, StoredFile(b"x", 0))


def test_a_file_that_is_too_large_is_refused_both_ways(folders: ServiceFolders, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="at most 100000 bytes"):
        folders.push("shop", "big", StoredFile(b"x" * 100_001, 0))
    (tmp_path / "srv/shop").mkdir()
    (tmp_path / "srv/shop/big").write_bytes(b"x" * 100_001)
    with pytest.raises(InvalidInput, match="larger than 100000 bytes"):
        folders.pull("shop", "big")


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1777, 0o100644])
def test_a_mode_with_more_than_permissions_is_refused(folders: ServiceFolders, mode: int) -> None:
    with pytest.raises(InvalidInput, match="use 777 or less"):
        folders.push("shop", "run", StoredFile(b"x", mode))


def test_a_missing_file_is_not_found(folders: ServiceFolders) -> None:
    folders.push("shop", "a", StoredFile(b"x", 0))
    for service, path in (("shop", "b"), ("shop", "conf/b"), ("other", "a")):
        with pytest.raises(NotFound):
            folders.pull(service, path)

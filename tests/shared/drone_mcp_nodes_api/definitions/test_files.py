"""Definitions in files: read with the place of each mistake, written without the loss of a comment."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from drone_mcp_nodes_api.definitions.files import find_definition, load_folder, read_definition, write_definition
from drone_mcp_nodes_api.definitions.notation import parse_duration
from drone_mcp_nodes_api.definitions.problems import make_service
from drone_mcp_nodes_api.definitions.toml_source import InvalidFile
from drone_mcp_nodes_api.definitions.toml_text import format_duration
from support.definitions import FULL, SECONDS, SERVICES

if TYPE_CHECKING:
    from drone_mcp_nodes_api.definitions.model import Service

SHOP = """\
# The shop, for people who buy.
name = "shop" # as in the menu
node = "node-1"
active = true   # until the sale ends

[[components]] # what visitors see
name = "web"
image = "r/web:v1.0.0" # never latest
ports = [
    "8080:80", # plain
    "8443:443",
]
env = { LEVEL = "info", interval = "often" }
stop_timeout = 90

# Keeps what was bought.
[[components]]
name = "db"
image = "r/db:v7"

[components.health] # asked often
tcp = "5432"
interval = "2000ms" # two seconds
"""


def write(folder: Path, text: str, name: str = "shop.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('name = "shop" # as in the menu\n', "", 1, "the key 'name' is missing"),
        ('node = "node-1"', 'nod = "node-1"', 3, "nod: unknown key 'nod'. Did you mean 'node'?"),
        ('"8443:443"', '"8443"', 11, "components[0].ports[1]: '8443' is no port"),
        ('image = "r/db:v7"\n', "", 17, "components[1]: the key 'image' is missing"),
        ('name = "db"', 'name = "web"', 18, "components[1].name: another component has the name 'web' too"),
        ('interval = "2000ms"', 'intervall = "2s"', 23, "components[1].health.intervall: unknown key 'intervall'"),
        ("stop_timeout = 90", "stop_timeout = 'soon'", 14, "components[0].stop_timeout: 'soon' is no duration"),
        ('LEVEL = "info"', "LEVEL = 5", 13, "components[0].env.LEVEL: it has to be text in quotes"),
        ('image = "r/db:v7"', 'image = "r/db:v7', 19, "this is not TOML: Illegal character '\\n'"),
        ('name = "db"', 'name = "db"\nname = "db"', 19, "this is not TOML: Cannot overwrite a value"),
        ("ports = [", "ports = [[", 13, "this is not TOML"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in SHOP
    path = write(tmp_path, SHOP.replace(old, new))
    with pytest.raises(InvalidFile) as caught:
        read_definition(path)
    assert f"{path}:{line}: {message}" in caught.value.message


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP.replace("r/web:v1.0.0", "-x").replace('"8080:80"', '"0:0"'))
    with pytest.raises(InvalidFile) as caught:
        read_definition(path)
    assert [mistake.line for mistake in caught.value.mistakes] == [8, 10]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = '\xff'", "not UTF-8 text"),
        (b"#" * 300_000, "the most are 262144"),
        (b"a = " + b"[" * 100_000, "this is not TOML|nested too deeply"),
    ],
)
def test_a_file_that_is_no_definition_at_all_is_refused_in_words(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InvalidFile, match=message):
        read_definition(tmp_path / "a.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"shop\.toml:1: the file cannot be read: No such file"):
        read_definition(tmp_path / "shop.toml")


@settings(max_examples=40)
@given(SERVICES)
def test_any_definition_comes_back_from_its_file(service: Service) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.toml"
        write_definition(path, service)
        assert read_definition(path) == service


@settings(max_examples=40)
@given(SERVICES, SERVICES)
def test_any_file_is_changed_into_any_other_definition(before: Service, after: Service) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.toml"
        write_definition(path, before)
        write_definition(path, after)
        assert read_definition(path) == after


def test_writing_what_is_there_changes_no_byte(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    write_definition(path, read_definition(path))
    assert path.read_text() == SHOP


def test_a_changed_value_leaves_every_other_line_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    service = read_definition(path)
    web, db = service.components
    after = service.model_copy(
        update={"active": False, "components": (web.model_copy(update={"image": "r/web:v2"}), db)}
    )
    write_definition(path, after)
    assert path.read_text() == SHOP.replace("active = true ", "active = false ").replace("r/web:v1.0.0", "r/web:v2")
    write_definition(path, service)
    assert path.read_text() == SHOP


def test_components_that_come_and_go_leave_the_text_of_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    service = read_definition(path)
    extra = make_service(FULL).components[1].model_copy(update={"name": "cache"})
    write_definition(path, service.model_copy(update={"components": (extra, service.components[0])}))
    text = path.read_text()
    assert read_definition(path).components == (extra, service.components[0])
    assert 'image = "r/web:v1.0.0" # never latest\nports = [\n    "8080:80", # plain\n' in text
    assert "r/db:v7" not in text


def test_a_file_keeps_its_mode_and_its_link_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    real = write(tmp_path, SHOP, "real")
    real.chmod(0o600)
    (tmp_path / "shop.toml").symlink_to(real)
    service = read_definition(real)
    write_definition(tmp_path / "shop.toml", service.model_copy(update={"active": False}))
    assert (tmp_path / "shop.toml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert not read_definition(real).active
    assert {path.name for path in tmp_path.iterdir()} == {"real", "shop.toml"}


def test_a_style_that_a_program_cannot_change_is_left_alone(tmp_path: Path) -> None:
    text = 'name="a"\nnode="n"\ncomponents=[{name="a",image="x"}]\n'
    path = write(tmp_path, text)
    service = read_definition(path)
    added = service.components[0].model_copy(update={"name": "b"})
    with pytest.raises(InvalidFile, match="change the file by hand"):
        write_definition(path, service.model_copy(update={"components": (*service.components, added)}))
    assert path.read_text() == text


def test_a_folder_is_loaded_in_the_order_of_its_files(tmp_path: Path) -> None:
    write(tmp_path, SHOP.replace('"shop"', '"b"'), "2.toml")
    write(tmp_path, SHOP.replace('"shop"', '"a"'), "1.toml")
    write(tmp_path, "no definition", "notes.txt")
    assert [(file.path.name, file.service.name) for file in load_folder(tmp_path)] == [("1.toml", "a"), ("2.toml", "b")]


def test_the_mistakes_of_all_files_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, SHOP.replace("node =", "nod ="), "1.toml")
    write(tmp_path, "name", "2.toml")
    with pytest.raises(InvalidFile) as caught:
        load_folder(tmp_path)
    assert {mistake.path.name for mistake in caught.value.mistakes} == {"1.toml", "2.toml"}


def test_two_files_with_one_service_or_one_container_are_refused(tmp_path: Path) -> None:
    write(tmp_path, SHOP, "1.toml")
    write(tmp_path, SHOP, "2.toml")
    write(tmp_path, 'name = "shop-web"\nnode = "node-1"\n[[components]]\nname = "shop-web"\nimage = "x"\n', "3.toml")
    with pytest.raises(InvalidFile) as caught:
        load_folder(tmp_path)
    assert f"2.toml:1: service 'shop' is also defined in {tmp_path / '1.toml'}" in caught.value.message
    assert "3.toml:1: container 'shop-web' of node 'node-1' also belongs to service 'shop'" in caught.value.message


def test_a_service_is_found_by_its_name_whatever_the_other_files_hold(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP, "anything.toml")
    write(tmp_path, "broken", "other.toml")
    found = find_definition(tmp_path, "shop")
    assert found
    assert (found.path, found.service.name) == (path, "shop")
    assert find_definition(tmp_path, "unknown") is None
    with pytest.raises(InvalidFile, match=r"other\.toml:1: this is not TOML"):
        find_definition(tmp_path, "other")


def test_a_service_that_two_files_define_is_refused(tmp_path: Path) -> None:
    write(tmp_path, SHOP, "1.toml")
    write(tmp_path, SHOP, "2.toml")
    with pytest.raises(InvalidFile, match=r"2\.toml:1: service 'shop' is also defined in .*1\.toml"):
        find_definition(tmp_path, "shop")


@given(SECONDS)
def test_a_duration_comes_back_from_its_text(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.5, "0.5s"), (10.0, "10s"), (90.0, "1m30s"), (3600.0, "1h"), (3661.25, "1h1m1.25s")],
)
def test_a_duration_is_written_as_people_do(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_resources_without_a_limit_are_taken_out_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    component = {"name": "web", "image": "r/img:v1"}
    data = {"name": "shop", "node": "node-1", "components": [component]}
    limited = {**data, "components": [{**component, "resources": {"memory": "512m", "pids": 9}}]}
    write_definition(path, make_service(limited))
    write_definition(path, make_service(data))
    assert read_definition(path) == make_service(data)
    assert "resources" not in path.read_text(encoding="utf-8")

"""A new server is a folder: CONTRIBUTING's steps, followed for a toy in a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

from drone_mcp_config.installation.reading import read_installation
from support.installed import PACKAGES

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parent.parent
MANIFESTS = ["tests/servers/test_every_server.py", "-k", "manifest or git"]  # first, because all others read them
LOOKS_AT_WHAT_IS_INSTALLED = re.compile(r"read_installation|role_library|support\.installed")
# The pages of the tools and of the server's examples come first, because the README and the page of all examples refer
# to them.
PAGES = ["tests/test_tools_page.py", "tests/servers/toy_mcp", "tests/test_readme.py"]
SURFACE = ["tests/servers/test_every_surface.py", "-k", "toy"]
SNAPSHOTS = ["tests/entrypoint/drone_mcp_config/test_snapshots.py", "tests/entrypoint/drone_mcp_cli/test_commands.py"]
# What may change besides the server's own folders: where it is named by hand, and what is generated from all servers.
BY_HAND = {"pyproject.toml", "roles/toy.yaml"}
FROM_ALL_SERVERS = (
    r"README\.md|docs/(tools|examples|examples/toy|roles|architecture)\.md|docs/role\.schema\.json|"
    r"tests/entrypoint/.*/snapshots/.*"
)


class Copy:
    """A copy of the checkout with an environment of its own, in which its servers are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder.with_name("environment")
        self.python = self.environment / "bin" / "python"
        files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in files.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        # Made by scripts/build-registry-validator; without it a test of bundles fails in CI.
        if (built := ROOT / ".cache" / "registry").exists():
            (folder / ".cache").mkdir()
            (folder / ".cache" / "registry").symlink_to(built)
        self.make_environment()
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git(
            "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message", "as it is"
        )

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True).stdout

    def install(self) -> None:
        """Write the metadata that installing this copy would: its entry points."""
        project = tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        groups = {"console_scripts": project["scripts"], **project["entry-points"]}
        metadata = self.folder / ".metadata" / f"drone_mcp-{project['version']}.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / ".gitignore").write_text("*\n", encoding="utf-8")
        installed = distribution(project["name"]).read_text("METADATA")
        (metadata / "METADATA").write_text(str(installed), encoding="utf-8")
        lines = [line for group, points in groups.items() for line in (f"[{group}]", *map(" = ".join, points.items()))]
        (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        for name, point in project["scripts"].items():
            module, _, function = point.partition(":")
            script = self.python.with_name(name)
            script.write_text(f"#!{self.python}\nfrom {module} import {function}\n{function}()\n", encoding="utf-8")
            script.chmod(0o755)

    def make_environment(self) -> None:
        """Make an environment with the packages of this copy first, then those of the environment that runs this."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.environment], check=True)
        paths = [*(self.folder / part for part in (".metadata", "servers", "shared", "entrypoint"))]
        (packages,) = self.environment.glob("lib/python*/site-packages")
        lines = "".join(f"{path}\n" for path in [*paths, sysconfig.get_path("purelib")])
        (packages / "copy.pth").write_text(lines, encoding="utf-8")
        for program in Path(sysconfig.get_path("scripts")).iterdir():
            if not program.name.startswith("drone-mcp") and not (self.python.parent / program.name).exists():
                (self.python.parent / program.name).symlink_to(program)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )

    def test(self, *arguments: str, **environment: str) -> None:
        done = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, **environment)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]

    def list_tests(self, *arguments: str) -> list[str]:
        done = self.run("-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *arguments)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
        found = [line for line in done.stdout.splitlines() if "::" in line]
        assert found, done.stdout[:1000]
        return found

    @property
    def changed(self) -> set[str]:
        lines = self.git("status", "--porcelain", "--untracked-files=all").splitlines()
        return {line[3:] for line in lines if not line[3:].startswith((".metadata/", ".hypothesis/"))}


def find_tests_of_the_installation(folder: Path) -> list[str]:
    files = [
        file for file in sorted((folder / "tests").rglob("test_*.py")) if "servers/drone_mcp_" not in file.as_posix()
    ]
    found = [file for file in files if LOOKS_AT_WHAT_IS_INSTALLED.search(file.read_text(encoding="utf-8"))]
    return [str(file.relative_to(folder)) for file in found if file.name != Path(__file__).name]


def is_about_another_server(test: str) -> bool:
    """Whether a test is for one parameter, and that is another server, its package or one of its tools.

    What is left are the tests of the toy, and all that look at the installation as a whole.
    """
    parameters = test.partition("[")[2].rstrip("]")
    if "toy" in parameters:
        return False
    words = set(re.split(r"[-/]", parameters))
    tools = {tool for server in read_installation().values() for tool in server.tool_names}
    return not words.isdisjoint({*PACKAGES, *PACKAGES.values(), *tools})


def test_a_toy_server_touches_its_folder_and_turns_no_test_red(tmp_path: Path) -> None:
    copy = Copy(tmp_path / "checkout")
    made = copy.run("scripts/new_server.py", "toy")
    assert made.returncode == 0, made.stderr
    assert copy.run("-m", "ruff", "check", "servers/toy_mcp", "tests/servers/toy_mcp").returncode == 0
    role = "role: toy\ndescription: Looks after releases.\nservers:\n  toy: {mode: dry-run}\n"
    (copy.folder / "roles" / "toy.yaml").write_text(role, encoding="utf-8")
    copy.install()

    copy.test(*MANIFESTS, UPDATE_SNAPSHOTS="1")
    copy.test(*SURFACE, UPDATE_SNAPSHOTS="1")
    copy.test(*PAGES, *SNAPSHOTS, UPDATE_SNAPSHOTS="1")
    everything = [*PAGES, "tests/test_architecture.py", *find_tests_of_the_installation(copy.folder)]
    listed = copy.list_tests(*everything, "-k", "not acceptance or toy")
    selected = copy.folder.with_name("tests.txt")
    selected.write_text("\n".join(test for test in listed if not is_about_another_server(test)), encoding="utf-8")
    copy.test(f"@{selected}")

    own = {name for name in copy.changed if "/toy_mcp/" in name}
    assert {"servers/toy_mcp/manifest.json", "servers/toy_mcp/surface.json"} <= own
    others = copy.changed - own
    assert others - BY_HAND - {name for name in others if re.fullmatch(FROM_ALL_SERVERS, name)} == set()
    assert others >= BY_HAND

    copy.git("checkout", "--quiet", ".")
    copy.git("clean", "--quiet", "--force", "-d", "servers", "tests", "roles", "docs")
    copy.install()
    assert copy.changed == set()
    copy.test("tests/servers/test_every_server.py", "-k", "manifest")


@pytest.mark.parametrize("name", ["Toy", "drone-mcp", "x", "../up"])
def test_a_name_that_no_package_can_have_is_refused(name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    command = [sys.executable, str(tmp_path / "scripts" / "new_server.py"), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "it takes 2 to 16 lower-case letters" in done.stderr
    assert not (tmp_path / "servers").exists()

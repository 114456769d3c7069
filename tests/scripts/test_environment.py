"""scripts/environment.sh, which sets up every other script: it comes to its end, begins anew, or says what is missing.

The checkout is a small one, and its requirements are wheels in a folder, so that pip needs no network.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.checkout

REAL_PYTHON = Path(sys.executable).resolve()
SCRIPT = Path(__file__).parents[2] / "scripts" / "environment.sh"
BACKEND = """\
import zipfile
def get_requires_for_build_editable(config_settings=None):
    return []
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "checkout-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("checkout-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: checkout\\nVersion: 1.0\\n")
        wheel.writestr("checkout-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("checkout-1.0.dist-info/RECORD", "")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
NOBODY = 65534
# A Python whose module venv copies an environment that was made before: making one takes four seconds.
PYTHON = """\
#!/bin/sh
if [ "$1 $2 $3" = "-m venv --clear" ]; then
  find "$4" -mindepth 1 -delete
  exec cp -R {template}/. "$4"
fi
exec {python} "$@"
"""


def make_wheel(folder: Path, name: str) -> str:
    """Writes a wheel with one module and one script, and returns its pin."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    files = {
        f"{name}.py": "def main() -> None:\n    print('ready')\n",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = [
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b'=').decode()},{len(content)}"
        for file, content in files.items()
    ]
    files[f"{name}-1.0.dist-info/RECORD"] = "\n".join([*record, f"{name}-1.0.dist-info/RECORD,,", ""])
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A small checkout, and the environment in which its script runs, with the Python of a folder."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder / "checkout"
        self.wheels = folder / "wheels"
        for part in (self.wheels, self.folder / "requirements", self.folder / "scripts"):
            part.mkdir(parents=True)
        for package in ("servers", "shared", "entrypoint"):
            (self.folder / package).mkdir()
            (self.folder / package / "module.py").touch()
        shutil.copy(SCRIPT, self.folder / "scripts")
        (self.folder / "backend.py").write_text(BACKEND, encoding="utf-8")
        (self.folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
        (self.folder / "requirements" / "pip.txt").touch()
        (self.folder / "requirements" / "run.txt").write_text(make_wheel(self.wheels, "tool"), encoding="utf-8")
        (self.folder / "requirements" / "build.txt").write_text(make_wheel(self.wheels, "builder"), encoding="utf-8")
        (self.folder / "requirements" / "dev.txt").touch()
        self.environment = {
            "PATH": f"{python}:/usr/bin:/bin",
            "HOME": str(folder),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }

    def start(self, *, user: int | None = None, **variables: str) -> subprocess.Popen[str]:
        """Starts a script that sets up the environment and then runs the program of the requirement."""
        return subprocess.Popen(
            ["/bin/sh", "-euc", "profile=run; . scripts/environment.sh; exec tool"],
            cwd=self.folder,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=user,
            start_new_session=True,
        )

    def run(self, *, user: int | None = None, **variables: str) -> tuple[int, str, str]:
        """Returns exit code, standard output and standard error."""
        process = self.start(user=user, **variables)
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output, errors

    def prepare(self, environment: Path, *options: str) -> None:
        subprocess.run([sys.executable, "-m", "venv", *options, str(environment)], check=True)


@pytest.fixture(scope="module")
def quick_python() -> Iterator[Path]:
    """A folder with a Python that makes environments at once; every user may enter it, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run([sys.executable, "-m", "venv", folder / "template"], check=True)
        python = folder / "python3"
        python.write_text(PYTHON.format(template=folder / "template", python=REAL_PYTHON), encoding="utf-8")
        python.chmod(0o755)
        yield folder


@pytest.fixture
def checkout(tmp_path: Path, quick_python: Path) -> Checkout:
    return Checkout(tmp_path, quick_python)


def test_the_second_run_finds_everything_set_up(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, REAL_PYTHON.parent)
    code, output, errors = checkout.run()

    assert (code, output) == (0, "ready\n")
    assert "Setting up .venv (run), once" in errors
    assert "installing 2 packages" in errors
    assert checkout.run() == (0, "ready\n", "")


def test_an_environment_that_was_left_without_pip_is_made_anew(checkout: Checkout) -> None:
    checkout.prepare(checkout.folder / ".venv", "--without-pip")

    assert checkout.run()[:2] == (0, "ready\n")


def test_an_installation_that_was_left_half_way_is_made_anew(checkout: Checkout) -> None:
    checkout.run()
    (packages,) = (checkout.folder / ".venv").glob("lib/python*/site-packages")
    (packages / "tool.py").unlink()  # pip only looks at the package's metadata, and takes it for installed
    (checkout.folder / ".venv" / ".checkout").unlink()

    assert checkout.run()[:2] == (0, "ready\n")


def test_a_person_may_interrupt_the_first_run(checkout: Checkout) -> None:
    process = checkout.start()
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Setting up")
    os.killpg(process.pid, signal.SIGTERM)  # SIGINT is ignored where the tests run in the background of a shell
    process.communicate(timeout=PATIENCE)

    assert process.returncode != 0
    assert checkout.run()[:2] == (0, "ready\n")


def test_a_requirement_that_cannot_be_had_stops_the_set_up_until_it_can(checkout: Checkout) -> None:
    (wheel,) = checkout.wheels.glob("tool*")
    wheel.rename(checkout.folder / wheel.name)
    code, _, errors = checkout.run()
    (checkout.folder / wheel.name).rename(wheel)

    assert code != 0
    assert "No matching distribution found for tool==1.0" in errors
    assert checkout.run()[:2] == (0, "ready\n")


def test_without_a_package_index_it_says_so_instead_of_naming_a_package(checkout: Checkout) -> None:
    pip = checkout.folder / "requirements" / "pip.txt"
    pip.write_text(f"pip==99.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    checkout.environment |= {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    code, _, errors = checkout.run(ALL_PROXY="http://someone:hidden@127.0.0.1:9")

    assert code != 0
    assert "pip cannot reach a package index. Check the network, the proxy and pip's settings" in errors
    assert "The environment names a proxy: 127.0.0.1:9" in errors
    assert "No matching distribution" not in errors
    assert "hidden" not in errors


def test_a_python_without_ensurepip_is_refused_before_anything_is_made(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "ensurepip.py").write_text("raise ImportError\n", encoding="utf-8")
    python = tmp_path / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/without exec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    for name in ("sed", "head", "cat", "cksum", "mkdir", "flock", "ls", "grep", "rm"):
        found = shutil.which(name)
        if found:
            (tmp_path / "bin" / name).symlink_to(found)
    code, _, errors = checkout.run(PATH=str(tmp_path / "bin"))

    assert code != 0
    assert "apt install python3 python3-venv" in errors
    assert list((checkout.folder / ".venv").iterdir()) == []
    assert checkout.run()[:2] == (0, "ready\n")


def test_a_checkout_that_moved_is_set_up_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run()
    checkout.folder = checkout.folder.rename(tmp_path / "moved")

    code, output, errors = checkout.run()

    assert (code, output) == (0, "ready\n")
    assert "Setting up" in errors


def test_two_scripts_may_set_up_at_once(checkout: Checkout) -> None:
    both = [checkout.start(), checkout.start()]

    assert [process.communicate(timeout=PATIENCE)[0] for process in both] == ["ready\n", "ready\n"]


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def read_only(shared_folder: Path, quick_python: Path) -> Checkout:
    """The checkout of somebody else, which may only be read; beside it, `home` is a folder that may be written."""
    checkout = Checkout(shared_folder, quick_python)
    (shared_folder / "home").mkdir()
    if os.geteuid() == 0:
        os.chown(shared_folder / "home", NOBODY, NOBODY)
    for part in [checkout.folder, *checkout.folder.rglob("*")]:
        part.chmod(0o555 if part.is_dir() else 0o444)
    return checkout


def test_a_checkout_that_cannot_be_written_takes_an_environment_elsewhere(
    read_only: Checkout, shared_folder: Path
) -> None:
    user = NOBODY if os.geteuid() == 0 else None
    code, _, errors = read_only.run(user=user)
    assert code != 0
    assert "set DRONE_MCP_VENV to a folder that you can write" in errors

    environment = str(shared_folder / "home" / "environment")
    assert read_only.run(user=user, DRONE_MCP_VENV=environment)[:2] == (0, "ready\n")
    assert read_only.run(user=user, DRONE_MCP_VENV=environment) == (0, "ready\n", "")


def test_a_folder_with_other_content_is_never_emptied(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work", encoding="utf-8")
    code, _, errors = checkout.run(DRONE_MCP_VENV=str(tmp_path / "precious"))

    assert code != 0
    assert "contains something else than a Python environment" in errors
    assert (tmp_path / "precious" / "thesis.txt").read_text(encoding="utf-8") == "years of work"

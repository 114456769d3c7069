"""A release, made and published by the script: complete, reproducible, verified as people do it, and installable."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from drone_mcp_config.demo.processes import simulated
from installation.conftest import PATIENCE
from releasing.packages import TOOLS
from support.podman import wait_for_answer
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
REPOSITORY = "example/drone-mcp"
VERSION = version("drone-mcp")


def run_release(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/release for a bundle of one server."""
    command = [ROOT / "scripts" / "release", "--server", "builds", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, check=False, capture_output=True, text=True, timeout=PATIENCE
    )


@dataclass(frozen=True)
class Release:
    """A published release: its folder, its index, and who signed it."""

    folder: Path
    index: str
    signers: Path


def make_key(folder: Path, name: str) -> tuple[str, str]:
    """Make a pair of keys; return the private and the public one."""
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    return path.read_text(encoding="utf-8"), path.with_suffix(".pub").read_text(encoding="utf-8").strip()


@contextmanager
def package_index(folder: Path) -> Iterator[str]:
    """Serve a real package index, empty at first, to which anyone can upload."""
    port = free_port()
    options = ["--interface", "127.0.0.1", "--port", str(port), "--passwords", ".", "--authenticate", "."]
    folder.mkdir()
    served = subprocess.Popen([TOOLS / "pypi-server", "run", *options, folder])
    try:
        wait_for_answer(f"http://127.0.0.1:{port}/simple/", PATIENCE)
        yield f"http://127.0.0.1:{port}"
    finally:
        served.terminate()
        served.wait(PATIENCE)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """A release of one server, signed with a key of the test and uploaded to an index of the test."""
    folder = tmp_path_factory.mktemp("release")
    private, public = make_key(folder, "key")
    signers = folder / "allowed_signers"
    signers.write_text(f"drone-mcp {public}\n", encoding="utf-8")
    subprocess.run([ROOT / "scripts" / "release", "--help"], check=True, capture_output=True)  # installs the tools
    with package_index(folder / "packages") as index:
        options = ("--to", folder / "files", "--repository", REPOSITORY, "--publish", "--signers", signers)
        login = {"TWINE_REPOSITORY_URL": index, "TWINE_USERNAME": "releaser", "TWINE_PASSWORD": "a-token-of-the-tests"}
        done = run_release(VERSION, *options, RELEASE_KEY=private, **login)
        assert done.returncode == 0, done.stderr
        yield Release(folder / "files", index, signers)


@pytest.fixture(scope="module")
def release(published: Release) -> Path:
    return published.folder


@pytest.fixture
def copy(tmp_path: Path, published: Release) -> Path:
    """A copy of the release as people download it, with the public keys of the checkout."""
    shutil.copytree(published.folder, tmp_path / "copy")
    shutil.copy(published.signers, tmp_path / "copy")
    return tmp_path / "copy"


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    """Follow the page to the letter."""
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"<!-- verify: begin -->\n```sh\n(.+?)```", page, re.DOTALL)
    return subprocess.run(["sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=False, timeout=100)


def change_one_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_the_script_writes_the_bundle_and_its_entry(release: Path) -> None:
    (bundle,), (entry,) = release.glob("*.mcpb"), release.glob("*.server.json")
    (package,) = json.loads(entry.read_text(encoding="utf-8"))["packages"]
    assert package["fileSha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert package["identifier"].endswith(bundle.name)


def test_the_digests_are_those_of_every_file(release: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=release, capture_output=True, text=True, check=True
    )
    named = {line.removesuffix(": OK") for line in checked.stdout.splitlines()}
    assert named == {path.name for path in release.iterdir()} - {"SHA256SUMS", "SHA256SUMS.sig"}
    assert {Path(name).suffix for name in named} == {".whl", ".gz", ".mcpb", ".json"}


def test_the_sbom_names_every_pinned_requirement_with_its_version_and_digests(release: Path) -> None:
    (path,) = release.glob("*.cdx.json")
    sbom = json.loads(path.read_text(encoding="utf-8"))
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    pins = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)((?:.*\\\n)+.*)", pins, re.MULTILINE)
    found = {
        (part["name"], part["version"]): {
            digest["content"] for source in part["externalReferences"] for digest in source.get("hashes", [])
        }
        for part in sbom["components"]
    }
    assert found == {(name, version): {*re.findall(r"sha256:(\w+)", rest)} for name, version, rest in pinned}
    assert len(found) > 40


def test_a_person_verifies_a_release_as_the_page_says(copy: Path) -> None:
    done = verify(copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Good" in done.stdout
    assert f"drone_mcp-{VERSION}-py3-none-any.whl: OK" in done.stdout


def test_a_person_can_verify_a_single_file(copy: Path) -> None:
    for path in copy.glob("*.mcpb"):
        path.unlink()
    assert verify(copy).returncode == 0


@pytest.mark.parametrize("pattern", ["*.whl", "*.mcpb", "*.cdx.json", "SHA256SUMS", "SHA256SUMS.sig"])
def test_a_release_in_which_one_byte_was_changed_is_refused(copy: Path, pattern: str) -> None:
    (changed,) = copy.glob(pattern)
    change_one_byte(changed)
    assert verify(copy).returncode != 0


def test_a_release_that_someone_else_has_signed_is_refused(copy: Path, tmp_path: Path) -> None:
    _, public = make_key(tmp_path, "other")
    (copy / "allowed_signers").write_text(f"drone-mcp {public}\n", encoding="utf-8")
    assert verify(copy).returncode != 0


def test_pip_gets_the_signed_packages_from_the_index(published: Release, tmp_path: Path) -> None:
    download = [sys.executable, "-m", "pip", "download", "--isolated", "--quiet", "--no-deps", "--dest", str(tmp_path)]
    subprocess.run(
        [*download, "--index-url", f"{published.index}/simple/", f"drone-mcp=={VERSION}"], check=True, timeout=PATIENCE
    )
    (wheel,) = tmp_path.iterdir()
    assert wheel.read_bytes() == (published.folder / wheel.name).read_bytes()
    assert f"drone_mcp-{VERSION}.tar.gz" in httpx.get(f"{published.index}/simple/drone-mcp/").text


def test_two_releases_of_the_same_sources_are_the_same_files(release: Path, tmp_path: Path) -> None:
    done = run_release(VERSION, "--to", tmp_path / "again", "--repository", REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again" / "SHA256SUMS").read_bytes() == (release / "SHA256SUMS").read_bytes()
    assert not (tmp_path / "again" / "SHA256SUMS.sig").exists()


def test_what_images_share_is_built_once_and_options_after_two_dashes_are_given_to_each_build(tmp_path: Path) -> None:
    recorder = tmp_path / "bin" / "buildah"
    recorder.parent.mkdir()
    recorder.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/builds\n', encoding="utf-8")
    recorder.chmod(0o755)
    words = (VERSION, "--to", tmp_path / "new", "--images", "example/x", "--", "--isolation", "chroot", "--no-cache")
    done = run_release(*words, PATH=f"{recorder.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    builds = (tmp_path / "builds").read_text(encoding="utf-8").splitlines()
    assert len(builds) > len(list((ROOT / "roles").glob("*.yaml")))
    assert all(" --isolation chroot --no-cache " in f"{build} " for build in builds)
    shared = ("product", "image")
    for build, stage in zip(builds, shared, strict=False):
        assert f" --target {stage} --tag localhost/drone-mcp-{stage}:{VERSION} " in build
    for stage in shared:
        named = f"--build-context={stage}=docker-image://localhost/drone-mcp-{stage}:{VERSION} "
        assert [named in build for build in builds] == [False, False, *[True] * (len(builds) - 2)]


def test_a_program_that_fails_ends_the_release_with_a_sentence(tmp_path: Path) -> None:
    failing = tmp_path / "bin" / "buildah"
    failing.parent.mkdir()
    failing.write_text("#!/bin/sh\necho no space left >&2\nexit 3\n", encoding="utf-8")
    failing.chmod(0o755)
    words = (VERSION, "--to", tmp_path / "new", "--images", "example/x")
    done = run_release(*words, PATH=f"{failing.parent}:{os.environ['PATH']}")
    assert done.returncode == 1
    *_, reason, last = done.stderr.splitlines()
    assert reason == "no space left"
    assert last == "buildah build --quiet ended with status 3: this is no whole release"
    assert "Traceback" not in done.stderr


def test_a_release_whose_signature_nobody_could_verify_is_not_published(tmp_path: Path) -> None:
    private, _ = make_key(tmp_path, "key")
    _, other = make_key(tmp_path, "other")
    signers = tmp_path / "allowed_signers"
    signers.write_text(f"drone-mcp {other}\n", encoding="utf-8")
    with package_index(tmp_path / "packages") as index:
        options = ("--to", tmp_path / "files", "--publish", "--signers", signers)
        done = run_release(VERSION, *options, RELEASE_KEY=private, TWINE_REPOSITORY_URL=index)
    assert done.returncode == 1
    assert f"RELEASE_KEY is not the private key of a public key in {signers}: no package was uploaded" in done.stderr
    assert list((tmp_path / "packages").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (["9.9.9"], {}, f"pyproject.toml says version {VERSION}, not 9.9.9"),
        ([VERSION, "--server", "biulds"], {}, "invalid choice: 'biulds'"),
        ([VERSION, "--publish"], {}, "--publish needs RELEASE_KEY and TWINE_REPOSITORY_URL in the environment"),
        (
            [VERSION, "--publish", "--signers", "nowhere"],
            {"RELEASE_KEY": "a key", "TWINE_REPOSITORY_URL": "http://127.0.0.1:9"},
            "nowhere is missing: without it, nobody can verify the signature",
        ),
        ([VERSION, "--to", str(ROOT)], {}, "has files already: a release is made in an empty folder"),
    ],
)
def test_half_a_release_is_refused(arguments: list[str], environment: dict[str, str], reason: str) -> None:
    done = run_release(*arguments, **environment)
    assert done.returncode == 2
    assert reason in done.stderr


@pytest.fixture
def started_by(tmp_path: Path, release: Path, installers: Path) -> Callable[[dict[str, str]], StdioServerParameters]:
    """Unpack a bundle and install it; return how a client starts its server, given what its user has typed."""
    (bundle,) = release.glob("*.mcpb")
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as file:
        file.extractall(folder)
    config = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["server"]["mcp_config"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = str(installers / config["command"])
    # The first start installs, for which clients allow more time than the client of this test does.
    install = [command, "sync", "--no-dev", "--quiet", "--directory", str(folder)]
    subprocess.run(install, env=kept, check=True, timeout=PATIENCE)
    words = [word.replace("${__dirname}", str(folder)) for word in config["args"]]

    def parameters(typed: dict[str, str]) -> StdioServerParameters:
        given = {name: typed[text] for name, text in config["env"].items()}
        return StdioServerParameters(command=command, args=words, env={**kept, **given})

    return parameters


async def test_an_unpacked_bundle_starts_and_answers_from_drone(
    tmp_path: Path, started_by: Callable[[dict[str, str]], StdioServerParameters]
) -> None:
    with simulated(tmp_path, keep=False) as drone:
        typed = {"${user_config.drone_server}": drone.url, "${user_config.drone_token}": drone.token}
        async with Client(stdio_client(started_by(typed))) as client:
            assert "drone_list_builds" in {tool.name for tool in (await client.list_tools()).tools}
            answer = await client.call_tool("drone_list_builds", {"repo": "octo/hello", "limit": 1})
            assert answer.structured_content
            assert answer.structured_content["builds"]

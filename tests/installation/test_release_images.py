"""Images of a release: built for every role and service, pushed to a real registry, named by their digests there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from releasing import images
from releasing.images import ROLES, SERVICES, build_images, push_images
from support.podman import image_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.checkout

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


DOCKERFILE = "\n".join(
    [
        "FROM scratch AS product",
        "COPY content /packages",
        "FROM scratch AS image",
        "ARG VERSION REVISION",
        'LABEL version="${VERSION}" revision="${REVISION}"',
        "COPY content /",
        *(f"FROM image AS {service}\nLABEL title={service}" for service in SERVICES),
        'FROM image\nARG ROLE\nLABEL title="${ROLE}"',
    ]
)


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage of images of the test."""
    if not shutil.which("buildah") or os.geteuid():
        pytest.skip("needs buildah and root")
    storage = f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/images"\nrunroot = "{tmp_path}/run"\n'
    (tmp_path / "storage.conf").write_text(storage, encoding="utf-8")
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    if not shutil.which("docker-registry"):
        pytest.skip("needs docker-registry")
    with image_registry(tmp_path) as registry:
        yield registry


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository whose Dockerfile has the same targets; scripts/check-image builds the real one."""
    folder = tmp_path / "checkout"
    (folder / "docker").mkdir(parents=True)
    (folder / "docker" / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    (folder / "content").write_text("content\n", encoding="utf-8")
    run("git", "init", "--quiet", folder)
    run("git", "-C", folder, "add", ".")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    run("git", "-C", folder, *author, "commit", "--quiet", "-m", "Begin")
    monkeypatch.setattr(images, "ROOT", folder)
    return folder


def make_image(name: str) -> None:
    """Make an image without content."""
    run("buildah", "from", "--name", "made", "scratch")
    run("buildah", "commit", "--quiet", "--format", "docker", "--rm", "made", name)


@pytest.mark.usefixtures("storage")
def test_every_image_has_the_title_version_commit_and_time_of_its_own(checkout: Path) -> None:
    prefix = "localhost/team"
    names = build_images(prefix, "0.1.0", ())
    details = {name: json.loads(run("buildah", "inspect", "--type", "image", name)) for name in names}
    titles = {image["Docker"]["config"]["Labels"]["title"]: name for name, image in details.items()}
    assert titles == {image: f"{prefix}/drone-mcp-{image}:0.1.0" for image in (*ROLES, *SERVICES)}
    labels = details[names[0]]["Docker"]["config"]["Labels"]
    commit, time = run("git", "-C", checkout, "log", "-1", "--format=%H %ct").split()
    assert (labels["version"], labels["revision"]) == ("0.1.0", commit)
    assert datetime.fromisoformat(details[names[0]]["Docker"]["created"]).timestamp() == int(time)


@pytest.mark.usefixtures("storage")
def test_pushed_images_are_named_with_the_digests_of_the_registry(tmp_path: Path, registry: str) -> None:
    names = [f"{registry}/team/drone-mcp-{name}:0.1.0" for name in ("dev", "webhooks")]
    for name in names:
        make_image(name)
    lines = push_images(tmp_path, names).read_text(encoding="utf-8").splitlines()
    for line, image in zip(lines, ("dev", "webhooks"), strict=True):
        url = f"http://{registry}/v2/team/drone-mcp-{image}/manifests/0.1.0"
        found = httpx.get(url, headers={"Accept": MANIFEST}).raise_for_status()
        assert line == f"{registry}/team/drone-mcp-{image}@{found.headers['Docker-Content-Digest']}"
        run("buildah", "pull", "--quiet", line)
    assert not (tmp_path / "digest").exists()


@pytest.mark.usefixtures("storage")
def test_an_image_that_cannot_be_pushed_ends_the_release(tmp_path: Path, registry: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        push_images(tmp_path, [f"{registry}/team/drone-mcp-nothing:0.1.0"])
    assert not (tmp_path / "images.txt").exists()

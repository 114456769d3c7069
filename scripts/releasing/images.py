"""The container images of a release: one for each role and service, built and pushed with buildah."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from releasing.packages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ROLES = sorted(path.stem for path in (ROOT / "roles").glob("*.yaml"))
SERVICES = ("webhooks", "simulator", "jenkins-simulator", "coder-simulator")
SHARED = ("product", "image")  # stages that all images have in common


def build_images(prefix: str, version: str, options: Sequence[str]) -> list[str]:
    """Build all images of the checked-out commit, with further options of `buildah build`; return their names."""
    commit, time = _git("rev-parse", "HEAD"), _git("log", "-1", "--format=%ct")
    common = [
        # OCI's format has no health check. With --layers, buildah 1.28 gives all roles the label of the first.
        *("buildah", "build", "--quiet", "--format", "docker"),
        *("--timestamp", time, "--build-arg", f"VERSION={version}", "--build-arg", f"REVISION={commit}"),
        *("--file", str(ROOT / "docker" / "Dockerfile"), *options),
    ]
    # Built once and named as contexts, which take the place of the stages. It takes a fraction of the time, and a
    # registry keeps the layers of `image` once for all images.
    shared = {stage: f"localhost/drone-mcp-{stage}:{version}" for stage in SHARED}
    contexts = [f"--build-context={stage}=docker-image://{name}" for stage, name in shared.items()]
    chosen = {role: [*contexts, "--build-arg", f"ROLE={role}"] for role in ROLES}
    chosen |= {service: [*contexts, "--target", service] for service in SERVICES}
    names = {f"{prefix}/drone-mcp-{image}:{version}": choice for image, choice in chosen.items()}
    stages = {name: ["--target", stage] for stage, name in shared.items()}
    for name, choice in (stages | names).items():
        subprocess.run([*common, *choice, "--tag", name, str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    return list(names)


def push_images(folder: Path, names: Iterable[str]) -> Path:
    """Push images to the registry in their names; write the name of each by the digest that it has there."""
    digest, lines = folder / "digest", []
    for name in names:
        subprocess.run(["buildah", "push", "--quiet", "--digestfile", digest, name, f"docker://{name}"], check=True)
        repository, _, _ = name.rpartition(":")  # the tag is left out: older engines refuse a name with both
        lines.append(f"{repository}@{digest.read_text(encoding='utf-8').strip()}\n")
    digest.unlink()
    path = folder / "images.txt"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

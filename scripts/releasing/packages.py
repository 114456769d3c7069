"""The Python packages of a release: built reproducibly, described by an SBOM, uploaded to an index."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".cache" / "release" / "bin"  # requirements/release.txt, installed by scripts/release


def build_packages(folder: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist of this checkout into a folder, and check that an index can show them."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    version = metadata("drone-mcp")["Version"]
    packages = folder / f"drone_mcp-{version}-py3-none-any.whl", folder / f"drone_mcp-{version}.tar.gz"
    check = [str(TOOLS / "twine"), "check", "--strict"]
    subprocess.run([*check, *packages], check=True, stdout=subprocess.DEVNULL)
    return packages


def write_sbom(folder: Path) -> Path:
    """Describe the product and each pinned requirement, with its digests, in CycloneDX 1.6 (https://cyclonedx.org)."""
    path = folder / f"drone-mcp-{metadata('drone-mcp')['Version']}.cdx.json"
    command = [str(TOOLS / "cyclonedx-py"), "requirements", "requirements/run.txt", "--pyproject", "pyproject.toml"]
    options = ["--output-reproducible", "--spec-version", "1.6", "--output-file"]
    subprocess.run(
        [*command, *options, path.absolute()],
        cwd=ROOT,
        env={"PYTHONWARNINGS": "ignore"},  # a list of requirements has no graph, and the tool says so
        check=True,
    )
    return path


def upload_packages(packages: tuple[Path, Path]) -> None:
    """Upload wheel and sdist to the index of TWINE_REPOSITORY_URL; twine reads the credentials from the environment."""
    command = [str(TOOLS / "twine"), "upload", "--non-interactive", "--disable-progress-bar"]
    subprocess.run([*command, *packages], check=True, stdout=subprocess.DEVNULL)

"""Builds wheel, sdist, an MCPB bundle of each server and, with --repository, their entries for the MCP registry."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

from drone_mcp_config.installation.reading import read_installation
from release.bundles import write_bundle, write_entry

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write the files of a release into a folder, and print their paths."""
    installed = read_installation()
    parser = argparse.ArgumentParser(prog="scripts/release-files", description=__doc__)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"default: all of {', '.join(installed)}")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="default: dist")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="of the release on GitHub")
    options = parser.parse_args()
    unknown = set(options.servers) - installed.keys()
    if unknown:
        parser.error(f"there is no server {', '.join(sorted(unknown))}; choose from {', '.join(installed)}")
    options.to.mkdir(parents=True, exist_ok=True)
    wheel, sdist = build_packages(options.to)
    product, pins = metadata("drone-mcp"), (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    files = [wheel, sdist]
    for name in options.servers or installed:
        bundle = write_bundle(options.to, installed[name], product, wheel, pins)
        files.append(bundle)
        if options.repository:
            files.append(write_entry(installed[name], product, bundle, options.repository))
    digests = options.to / "SHA256SUMS"
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    digests.write_text("".join(lines), encoding="utf-8")
    print(*files, digests, sep="\n")


def build_packages(folder: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist of this checkout into a folder."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    version = metadata("drone-mcp")["Version"]
    return folder / f"drone_mcp-{version}-py3-none-any.whl", folder / f"drone_mcp-{version}.tar.gz"


if __name__ == "__main__":
    main()

"""Builds the wheel, an MCPB bundle of each server and, with --repository, their entries for the MCP registry."""

from __future__ import annotations

import argparse
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
    wheel = build_wheel(options.to)
    product, pins = metadata("drone-mcp"), (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    for name in options.servers or installed:
        bundle = write_bundle(options.to, installed[name], product, wheel, pins)
        print(bundle)
        if options.repository:
            print(write_entry(installed[name], product, bundle, options.repository))


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout into a folder."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob(f"drone_mcp-{metadata('drone-mcp')['Version']}-*.whl")
    return wheel


if __name__ == "__main__":
    main()

"""Makes a release, signs it, and publishes it if told so."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

from drone_mcp_config.installation.reading import read_installation
from releasing.bundles import write_bundle, write_entry
from releasing.images import build_images, push_images
from releasing.packages import ROOT, build_packages, upload_packages, write_sbom
from releasing.signing import is_verified, sign, write_digests

KEY, INDEX = "RELEASE_KEY", "TWINE_REPOSITORY_URL"


def main() -> None:
    """Write the files of a release into a folder, publish them with `--publish`, and print their paths."""
    options = read_options()
    key = os.environ.pop(KEY, "")  # the programs that build are not to see it
    product, installed = metadata("drone-mcp"), read_installation()
    options.to.mkdir(parents=True, exist_ok=True)
    packages = build_packages(options.to)
    files = [*packages, write_sbom(options.to)]
    pins = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    for name in options.server or installed:
        bundle = write_bundle(options.to, installed[name], product, packages[0], pins)
        files.append(bundle)
        if options.repository:
            files.append(write_entry(installed[name], product, bundle, options.repository))
    if options.images:
        images = build_images(options.images, options.version, options.build_options)
        # Pushed first: a registry compresses layers, so only then the digests that the signature covers are known.
        if options.publish:
            files.append(push_images(options.to, images))
    files.append(write_digests(options.to, files))
    if key:
        files.append(sign(files[-1], key))
    if options.publish:
        if not is_verified(files[-1], options.signers):
            sys.exit(f"{KEY} is not the private key of a public key in {options.signers}: no package was uploaded")
        upload_packages(packages)
    print(*files, sep="\n")


def read_options() -> argparse.Namespace:
    """Read the command line; refuse what would end in half a release."""
    installed, version = read_installation(), metadata("drone-mcp")["Version"]
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("version", metavar="VERSION", help="of pyproject.toml")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="new or empty; default: dist/VERSION")
    parser.add_argument("--server", action="append", choices=installed, help="with a bundle; default: each")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub, for the entries of the MCP registry")
    parser.add_argument("--images", metavar="PREFIX", help="of the images' names, like registry.example.com/team")
    parser.add_argument("--publish", action="store_true", help="push the images and upload the packages")
    parser.add_argument("--signers", type=Path, default=ROOT / "allowed_signers", metavar="FILE", help="of public keys")
    parser.epilog = "Options after -- are for buildah build."
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:end])
    options.build_options = words[end + 1 :]
    options.to = options.to or ROOT / "dist" / options.version
    if options.version != version:
        parser.error(f"pyproject.toml says version {version}, not {options.version}")
    if options.to.exists() and any(options.to.iterdir()):
        parser.error(f"{options.to} has files already: a release is made in an empty folder")
    if options.publish:
        if missing := [name for name in (KEY, INDEX) if not os.environ.get(name)]:
            parser.error(f"--publish needs {' and '.join(missing)} in the environment")
        if not options.signers.is_file():
            parser.error(f"{options.signers} is missing: without it, nobody can verify the signature")
    return options


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:  # the program has said why
        program = " ".join(map(str, error.cmd[:3]))
        sys.exit(f"{program} ended with status {error.returncode}: this is no whole release")

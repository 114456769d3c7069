"""Makes small images and puts them into a registry, by its HTTP API (OCI distribution and image specifications)."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

# The shell is the first process of its container, and such a process ignores signals that it does not handle.
SERVE = """#!/bin/sh
trap 'exit 0' TERM INT
echo "starting $VERSION"
if [ -n "$FAIL" ]; then
  echo "cannot open the database: no such file" >&2
  exit "$FAIL"
fi
mkdir -p /tmp/www
sleep "${DELAY:-0}" &
wait $!
[ -n "$SICK" ] || echo "$VERSION" >/tmp/www/index.html
httpd -f -p "${PORT:-8080}" -h /tmp/www &
echo "listening at ${PORT:-8080}"
wait $!
"""


@dataclass(frozen=True)
class Image:
    """What an image adds to the programs of busybox and /bin/serve.

    Attributes:
        environment: variables.
        command: what its containers run.
        labels: of the image.
    """

    environment: dict[str, str]
    command: tuple[str, ...] = ("/bin/serve",)
    labels: dict[str, str] = field(default_factory=dict)


@cache
def layer() -> bytes:
    """Return a file system with busybox, all its applets and /bin/serve as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("bin", "etc", "tmp"):
            archive.addfile(_entry(folder, type=tarfile.DIRTYPE, mode=0o1777 if folder == "tmp" else 0o755))
        files = {
            "bin/busybox": (Path("/bin/busybox").read_bytes(), 0o755),
            "bin/serve": (SERVE.encode(), 0o755),
            "etc/passwd": (b"root:x:0:0:root:/:/bin/sh\nweb:x:1000:1000:web:/:/bin/sh\n", 0o644),
            "etc/group": (b"root:x:0:\nweb:x:1000:\n", 0o644),
        }
        for name, (content, mode) in files.items():
            archive.addfile(_entry(name, size=len(content), mode=mode), io.BytesIO(content))
        applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
        for applet in sorted({*applets} - {"busybox"}):
            archive.addfile(_entry(f"bin/{applet}", type=tarfile.SYMTYPE, linkname="busybox", mode=0o777))
    return buffer.getvalue()


def push(registry: str, repository: str, tag: str, image: Image) -> None:
    """Put an image into a registry."""
    root = f"http://{registry}/v2/{repository}"
    environment = [f"{name}={value}" for name, value in {"PATH": "/bin", **image.environment}.items()]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": environment, "Cmd": [*image.command], "Labels": image.labels},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer())]},
    }
    described = json.dumps(config).encode()
    with httpx.Client() as client:
        for blob in (layer(), described):
            if client.head(f"{root}/blobs/{_digest(blob)}").is_success:
                continue
            upload = client.post(f"{root}/blobs/uploads/").raise_for_status().headers["Location"]
            client.put(httpx.URL(upload).copy_merge_params({"digest": _digest(blob)}), content=blob).raise_for_status()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": _digest(described), "size": len(described)},
            "layers": [{"mediaType": LAYER, "digest": _digest(layer()), "size": len(layer())}],
        }
        headers = {"Content-Type": MANIFEST}
        client.put(f"{root}/manifests/{tag}", content=json.dumps(manifest), headers=headers).raise_for_status()


def _entry(name: str, **attributes: Any) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    return entry


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"

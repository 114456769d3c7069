"""The digests of a release and their signature, which every machine with OpenSSH can verify.

OpenSSH signs files since version 8.1 (https://www.openssh.com/txt/release-8.1), so those who verify need no further
program, no keyring and no network. The digests of images are in a file of the release, so the signature covers them.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

NAMESPACE = "drone-mcp-release"  # a signature that was made for another purpose is refused
IDENTITY = "drone-mcp"  # of the keys in allowed_signers


def write_digests(folder: Path, files: list[Path]) -> Path:
    """Write SHA256SUMS, as `sha256sum --check` reads it."""
    path = folder / "SHA256SUMS"
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def sign(file: Path, key: str) -> Path:
    """Sign a file with a private key, which is handed to an agent of its own, and never written to a file."""
    with tempfile.TemporaryDirectory() as folder:
        public = Path(folder) / "key.pub"
        script = 'ssh-add -q - && ssh-add -L >"$1" && ssh-keygen -q -Y sign -n "$2" -f "$1" <"$3" >"$3.sig"'
        command = ["ssh-agent", "sh", "-c", script, "sign", str(public), NAMESPACE, str(file)]
        # A text from a variable has often lost the last line break, without which OpenSSH reads no key.
        subprocess.run(command, input=f"{key.strip()}\n", text=True, check=True)
    return file.with_name(f"{file.name}.sig")


def is_verified(signature: Path, signers: Path) -> bool:
    """Verify a signature as people will."""
    command = ["ssh-keygen", "-q", "-Y", "verify", "-n", NAMESPACE, "-I", IDENTITY, "-f", str(signers)]
    with signature.with_suffix("").open("rb") as file:
        return subprocess.run([*command, "-s", signature], stdin=file, check=False).returncode == 0

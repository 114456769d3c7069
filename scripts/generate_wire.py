"""Generates the Python code of the nodes' gRPC service; `scripts/generate-wire` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROTO = "drone_mcp_nodes_api/wire/agent.proto"  # also the name of the Python package


def generate(folder: Path) -> None:
    """Write the code into the package in a folder, which is `shared` in the checkout."""
    programs = Path(sys.executable).parent
    plugins = [f"--plugin={name}={programs / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    outputs = ["--python_out=", "--grpc_python_out=", "--mypy_out=quiet:", "--mypy_grpc_out=quiet,only_async:"]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={ROOT / 'shared'}", *plugins]
    subprocess.run([*command, *(f"{output}{folder}" for output in outputs), PROTO], check=True)


if __name__ == "__main__":
    generate(ROOT / "shared")

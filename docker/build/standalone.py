"""Builds a self-contained Python: the interpreter, its library, and every shared library down to the C library.

    standalone.py TARGET [PIP-ARGUMENT...]

TARGET works in an empty image (FROM scratch) and in an agent's image of any distribution: it uses its own loader and
libraries, which do not affect the programs that it starts. For this, `patchelf` sets two fields of the one executable
(its interpreter and its library path).

The PIP-ARGUMENTs are passed to `pip install` and name the requirements to install.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

# Not imported by any server: tests, graphical and terminal programs, tools that install packages or build extensions,
# and additions of the distribution or of a site.
LEFT_OUT = (
    "__pycache__", "config-*", "dist-packages", "site-packages", "sitecustomize.py", "EXTERNALLY-MANAGED", "ensurepip",
    "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo", "_curses*.so", "_dbm*.so", "_gdbm*.so",
    "_test*.so", "_tkinter*.so", "nis*.so", "readline*.so",
)  # fmt: skip
LOADER = re.compile(r"^\s*(/\S*/ld-\S+)\s+\(0x", re.MULTILINE)
LIBRARY = re.compile(r"^\s*(\S+) => (/\S+)\s+\(0x", re.MULTILINE)
MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def copy_interpreter(target: Path) -> Path:
    """Copy the running interpreter and its library, and return the copy, which finds its library by its own path."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = target / "bin" / "python3"
    python.parent.mkdir(parents=True)
    shutil.copy2(Path(sys._base_executable).resolve(), python)  # type: ignore[attr-defined]  # noqa: SLF001 - behind a venv
    library = target / "lib" / version
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return python


def needed(linked: str) -> dict[str, Path]:
    """Parse the output of `ldd` for one file into library name -> file; the loader has its file name as key.

    Raises:
        LookupError: a library is missing.
    """
    missing = MISSING.findall(linked)
    if missing:
        raise LookupError(", ".join(missing))
    loader = {Path(path).name: Path(path) for path in LOADER.findall(linked)}
    return loader | {name: Path(path) for name, path in LIBRARY.findall(linked)}


def libraries(target: Path) -> dict[str, Path]:
    """Find the libraries outside of `target` that its files need."""
    found: dict[str, Path] = {}
    for file in (target / "bin" / "python3", *target.rglob("*.so"), *target.rglob("*.so.*")):
        linked = subprocess.run(["ldd", file], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - the image's own
        found |= needed(linked)
    return {name: file for name, file in found.items() if not file.is_relative_to(target)}


def bring_along(python: Path, found: dict[str, Path]) -> None:
    """Copy libraries next to the interpreter, and make it search there first.

    The executable's DT_RPATH also applies to the dependencies of its libraries, unless a library has its own search
    path (ld.so(8)), which is therefore removed.
    """
    folder = python.parent.parent / "lib"
    copies = [shutil.copy2(file.resolve(), folder / name) for name, file in found.items()]
    for file in (*copies, *folder.glob("python3*/lib-dynload/*.so")):
        if _run("patchelf", "--print-rpath", str(file)).strip():
            _run("patchelf", "--remove-rpath", str(file))
    (loader,) = (name for name in found if name.startswith("ld-"))
    options = ["--set-interpreter", str(folder / loader), "--force-rpath", "--set-rpath", str(folder)]
    _run("patchelf", *options, str(python))


def install(python: Path, arguments: list[str]) -> None:
    """Install packages for the copied interpreter, with the pip of the running one."""
    where = _run(str(python), "-I", "-c", "import site; print(site.getsitepackages()[-1])").strip()
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", where, *arguments)
    shutil.rmtree(Path(where) / "bin", ignore_errors=True)  # console scripts of the other interpreter


def compile_all(python: Path, folder: Path) -> None:
    """Compile to bytecode that Python uses unchecked: it neither compares nor writes files at startup."""
    _run(str(python), "-I", "-m", "compileall", "-qf", "--invalidation-mode", "unchecked-hash", str(folder))


def _run(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 - ours


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    arguments, packages = parser.parse_known_args()
    python = copy_interpreter(arguments.target)
    if packages:
        install(python, packages)
    bring_along(python, libraries(arguments.target))
    compile_all(python, arguments.target / "lib")


if __name__ == "__main__":
    main()

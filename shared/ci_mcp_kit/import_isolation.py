"""Makes a program import only the packages that it was installed with. Standard library only.

A client passes its whole environment on. PYTHONPATH, or the working directory of `python -m`, may hold other versions
of the libraries, and PYTHONOPTIMIZE=2 takes the docstrings away that describe the tools. A complete installation needs
none of them.
"""

from __future__ import annotations

import os
import sys

_LIBRARIES = ("mcp", "pydantic", "anyio", "httpx")
_PATH = os.path  # pathlib would take a tenth of the start


def use_own_packages(package: str) -> None:
    """Leave out what Python's own variables add, before anything large is imported.

    Nothing changes where the package or its libraries are found only through them. A process without docstrings, or in
    which warnings may be errors, starts again.
    """
    if sys.flags.ignore_environment:
        return
    added = {_PATH.abspath(entry) for entry in ["", *os.environ.get("PYTHONPATH", "").split(os.pathsep)]}
    own = [entry for entry in sys.path if _PATH.abspath(entry) not in added]
    if not all(any(_PATH.isdir(_PATH.join(entry, name)) for entry in own) for name in (package, *_LIBRARIES)):
        return
    is_changed = sys.flags.optimize > 1 or "PYTHONWARNINGS" in os.environ
    if is_changed and sys.platform != "win32":  # where the process that started this one would take it for ended
        os.execv(sys.executable, [sys.executable, "-E", "-P", "-m", package, *sys.argv[1:]])  # noqa: S606 - ourselves
    sys.path[:] = own

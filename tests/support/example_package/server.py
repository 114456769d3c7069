"""The example server as a package of its own, found and imported at run time as an installed one is."""

from __future__ import annotations

from support.example_server import SPEC, create, main

__all__ = ["SPEC", "create", "main"]

"""The tools that the next steps of other servers name.

This is the only place that names them outside of their own servers; a test checks that each of them exists.
"""

from __future__ import annotations

from typing import Final

DIAGNOSE: Final = "drone_diagnose_build"
READ_LOG: Final = "drone_get_build_logs"
RESTART: Final = "drone_restart_build"
STOP: Final = "drone_stop_build"
APPROVE: Final = "drone_approve_build"

"""How long a test waits for what should happen soon.

It ends a test that hangs, and measures nothing: on a busy machine, a process may take a minute to start.
"""

from typing import Final

PATIENCE: Final = 300.0  # seconds

"""`python -m drone_mcp_config`."""

from __future__ import annotations

from drone_mcp_config.cli.main import main

if __name__ == "__main__":
    main()

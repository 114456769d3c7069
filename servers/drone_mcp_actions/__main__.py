"""Run the actions server: `python -m drone_mcp_actions`."""

from drone_mcp_actions.server import main

if __name__ == "__main__":
    main()

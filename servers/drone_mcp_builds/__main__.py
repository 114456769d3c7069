"""Run the builds server: `python -m drone_mcp_builds`."""

from drone_mcp_builds.server import main

if __name__ == "__main__":
    main()

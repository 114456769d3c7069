"""Run the policy server: `python -m drone_mcp_policy`."""

from drone_mcp_policy.server import main

if __name__ == "__main__":
    main()

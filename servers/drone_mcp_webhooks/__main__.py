"""Run the receiver: `python -m drone_mcp_webhooks`."""

from drone_mcp_webhooks.cli import main

if __name__ == "__main__":
    main()

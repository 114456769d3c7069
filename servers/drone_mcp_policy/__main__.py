"""Run the policy server: `python -m drone_mcp_policy`."""

import gc

gc.disable()  # while modules load there is nothing to collect: a tenth of the start; serving turns it on again

from drone_mcp_policy.server import main  # noqa: E402 - after the line above

if __name__ == "__main__":
    main()

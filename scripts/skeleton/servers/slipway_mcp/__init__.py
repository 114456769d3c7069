"""The Slipway server: which releases there are, and stopping one."""

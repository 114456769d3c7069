"""The guard of builds: what can be done to one, and what a role may allow. The rest is `ci_mcp_kit.guard`."""

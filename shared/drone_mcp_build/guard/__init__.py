"""The guard of builds: the operations on a build and the rules of a role for them. The rest is `ci_mcp_kit.guard`."""

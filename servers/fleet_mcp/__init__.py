"""Agents in Coder workspaces: creates them, gives them work, shows how they stand and what they did."""

"""Agents in Coder workspaces: creates them, gives them work, shows their state and what they did."""

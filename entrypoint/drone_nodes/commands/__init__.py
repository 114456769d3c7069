"""The commands: each takes the session and returns the exit code."""

"""The checks of `doctor`: the servers of a role, started or served."""

"""The command line's knowledge of Drone: its options, and `doctor`'s check of it."""

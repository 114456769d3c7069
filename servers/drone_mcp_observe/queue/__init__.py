"""The queue of Drone: what runs, what waits, and why."""

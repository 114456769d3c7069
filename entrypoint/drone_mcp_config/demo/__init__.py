"""The demo: from a red build to the line of its log that matters, on the simulator."""

"""What Drone and this toolkit are set to: tools that change nothing."""

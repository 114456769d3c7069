"""Access of a server to the forge of its repositories, next to Drone: settings, both clients, one scope for both."""

"""`drone-nodes`, the command for people: services on all nodes, from a terminal."""

"""What a role may change on the nodes, and the actions that the guard decides on."""

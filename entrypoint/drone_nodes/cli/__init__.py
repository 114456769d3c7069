"""Options and help of the command line; the work is in `drone_nodes.commands`."""

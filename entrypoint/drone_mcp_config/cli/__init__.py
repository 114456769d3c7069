"""The command line: options and help; the work is in `commands`."""

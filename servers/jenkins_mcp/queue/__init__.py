"""What waits in the queue and why, and the machines that builds run on."""

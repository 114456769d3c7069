"""What is known of builds without asking Drone, given only to a caller whose token may read the repository."""

"""Shows the container nodes and what runs on them; deploys, restarts, rolls back and stops services, guarded."""

"""What a pod runs: an agent with the servers of its role, from its start to the push of what it leaves."""

"""The tools that read: nodes, services, their status, logs, events and revisions, and plans of deployments."""

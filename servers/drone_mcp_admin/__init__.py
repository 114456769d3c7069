"""Administers Drone: repositories, secrets, scheduled jobs, templates, users, the queue; changes through the guard."""

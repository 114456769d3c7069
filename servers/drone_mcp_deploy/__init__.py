"""The deployments server: shows what runs in each environment, and promotes and rolls back builds behind the guard."""

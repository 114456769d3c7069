"""Deploys, restarts, starts, stops, rolls back, syncs and adopts; each change passes the guard."""

"""The actions server: start, restart, stop, approve and decline builds, behind the guard."""

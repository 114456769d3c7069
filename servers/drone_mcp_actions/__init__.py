"""The actions server: restart, stop, approve and decline builds, behind the guard."""

"""Alerts about CI itself, by rules that a person can write."""

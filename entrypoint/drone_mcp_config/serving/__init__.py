"""Serves roles over HTTP: identifies callers, and runs the servers of their roles."""

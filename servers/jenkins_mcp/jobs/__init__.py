"""The tools for jobs."""

"""The tools about what builds printed and reported: logs, their search, diagnosis, test results."""

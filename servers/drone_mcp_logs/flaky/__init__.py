"""The tool `drone_find_flaky_steps`: which steps pass and fail on the same commit."""

"""The tool `drone_find_regression`: since when a branch or step fails."""

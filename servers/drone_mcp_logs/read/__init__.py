"""The tool `drone_get_build_logs`: parts of the logs of steps."""

"""The tool `drone_search_build_logs`: lines that match a pattern."""

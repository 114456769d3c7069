"""The tool `drone_compare_builds`: what changed between two builds."""

"""The tools about failures: why a build failed, and its test results."""

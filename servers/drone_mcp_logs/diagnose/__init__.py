"""The tool `drone_diagnose_build`: why a build failed, within a budget."""

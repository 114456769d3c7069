"""A Coder for demos and tests: workspaces whose builds and agents run on a clock that tests can drive."""

"""`drone-mcp-config`: a role in, the configuration of an MCP client out.

    installation   the installed servers, by their manifests
    roles          role files: where they are, what they may hold, the mistakes in them
    plan           what a client starts or reaches for a role
    clients        how each client's file says it, and how that file is changed
    checking       doctor: do a role's servers start, and have they its tools?
    drone          what the command line knows of Drone: its options, and doctor's check of it
    serving        a role, or several, over HTTP from one process
    agents         an agent run with the servers of its role, in a pod or elsewhere
    demo           the main job, on the simulator
    commands, cli  each command; options and help

Each folder imports those above it only, as `tests/test_architecture.py` holds.
"""

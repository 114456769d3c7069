"""`drone-mcp-config`: makes the configuration of an MCP client from a role.

    installation   the installed servers, by their manifests
    roles          role files: finds, reads and checks them
    plan           the servers that a client starts or connects to for a role
    clients        writes the plan in the format of each client, and changes the client's file
    checking       doctor: checks that a role's servers start and offer its tools
    drone          Drone's options of the command line, and doctor's check of Drone
    serving        a role, or several, over HTTP from one process
    agents         an agent run with the servers of its role, in a pod or elsewhere
    demo           the main job, on the simulator
    commands, cli  each command; options and help

Each folder imports only those above it; `tests/test_architecture.py` checks that.
"""

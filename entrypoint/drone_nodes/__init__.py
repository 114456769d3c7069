"""`drone-nodes`, the command for people: the services of all container nodes, from a terminal.

cli/           options and help
commands/      each command
configuration/ the file of nodes, services folder and authentication
session        the nodes of the configuration: asks one, or all of them at once
locating       the node and the definition of a service
pages/         how answers look on a terminal
exit_codes     what the exit code says
"""

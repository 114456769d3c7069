"""The parts that simulators of all systems share: a clock that tests can drive, faults, a socket.

clock        the machine's clock, and one that stands still until it is moved
timeline     events in order of their due times
world        the state of a simulated service: clock, timeline, faults, record of requests
scenarios    reads the YAML files from which worlds are made
faults       faults of networks, proxies and overloaded servers, as middleware
application  the HTTP application around a service: records requests, injects faults, lets time pass
serving      an application on a socket, for the command line and for tests
commands     the command line, which serves a scenario
listening    the address that a command line gives
"""

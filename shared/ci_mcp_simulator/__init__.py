"""The parts that simulators of all systems share: a clock that tests can drive, faults, a socket.

clock      the machine's clock, and one that stands still until it is moved
timeline   events in order of their due times
faults     faults of networks, proxies and overloaded servers, as middleware
serving    an application on a socket, for the command line and for tests
listening  the address that a command line gives
"""

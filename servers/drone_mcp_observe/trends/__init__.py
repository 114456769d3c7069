"""How durations, waits and failure rates of builds change over time."""

"""The tools for the queue and for the machines that run builds."""

"""Why builds fail, for every server that says so: reads steps and their logs, judges failures, finds flaky steps.

    diagnosing, diagnosis       a failed build: its failures with evidence, compared with other builds
    flaky_search, flaky_steps   steps that pass and fail on the same commit
    step_reader, live_log       the log of a step, stored or live

What an answer says of it, and within which budget, is up to each server.
"""

"""Why builds fail, for every server that says so: reads steps and their logs, judges failures, finds flaky steps.

    diagnosing                  a failed build: its failures with evidence, compared with other builds
    views                       the answers
    flaky_search, flaky_steps   steps that pass and fail on the same commit
    step_reader, live_log       the log of a step, stored or live

What to do about it, with which tools, is up to each server.
"""

"""The one place that every request which changes Drone must pass.

    guard = Guard(settings, guard_settings, clean, store)
    action = Action(operation=OPERATIONS["stop"], repo="octo/hello", build=build)

    await guard.admit(action.operation, action.repo)     # may this process do such a thing there at all?
    await guard.check(action)                            # … and with this build?
    agreed = await guard.confirm(context, action, "Stop it?", token)
    warrant = await guard.begin(action, agreed)
    await guard.send(warrant, calls.cancel_build(…))     # audit line, request, audit line

The token that may write is known to the guard alone. Its HTTP client refuses every call for which no permit is open;
`send` opens one, for one call, once the audit line of the attempt is written. So a tool that forgets the guard has
nothing to send with, and whatever goes wrong on the way ends with nothing sent.

Modules:
    operations  what can be done, and how risky it is
    rules       Rules, Action, decide: pure
    settings    GuardSettings.from_environment, VARIABLES
    consent     confirmation tokens: pure; asking: the question by elicitation; confirming: both, once each
    notes, rate what all processes of an agent agree on, and how often it may act
    chain       audit lines and their verification: pure; sinks, audit: where they go
    guard       Guard
    errors      WritesDisabled, NotConfirmed, NotesUnavailable, AuditUnavailable
"""

"""The one place that every request which changes something must pass.

    guard = Guard(settings, clean, notes, connect)

    await guard.admit(action.operation, action.scope)    # may this process do such a thing there at all?
    await guard.check(action)                            # ... and do this very thing?
    agreed = await guard.confirm(context, action, "Stop it?", token)
    warrant = await guard.begin(action, agreed)
    await guard.send(warrant, call)                      # audit line, request, audit line

The guard knows operations, risks, scopes, rates, confirmations, the audit log and permits. What is acted on comes from
the domain: a `GuardSpec` with its words, variables and the keys that role files take, `Rules` with what it allows
further, and an `Action` for each thing to do.

Only the guard knows the token that may write. Its client refuses every call for which no permit is open; `send` opens
one, for one call, once the audit line of the attempt is written. So a tool that forgets the guard has nothing to send
with, and when anything fails on the way, nothing is sent.

Modules:
    operations           Operation and Risk
    protocols            what a domain brings: Action, Request, Writer
    spec                 GuardSpec
    rules                Rules and Decision: pure
    variables, settings  the environment variables of every guard; GuardSettings
    change, acting       Change and Plan: one call of a tool; Actor carries it out
    confirmation_tokens  tokens as proof of a question: pure
    asking, confirming   the question by elicitation; both kinds of confirmation, each used once
    guard_notes, rate    what all processes of an agent agree on; how often it may act
    repeating            the same call twice within a minute
    chain                audit lines and their verification: pure
    audit, sinks         the audit log, and the places that it is written to; audit_command: the command
    guard                Guard
    errors               WritesDisabled, NotConfirmed, NotesUnavailable, AuditUnavailable
"""

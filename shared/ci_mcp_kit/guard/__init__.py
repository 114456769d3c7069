"""Guards every request that changes something: nothing is sent that has not passed it.

    guard = Guard(settings, clean, notes, connect)

    await guard.admit(action.operation, action.scope)    # may this process do that in this scope at all?
    await guard.check(action)                            # ... and with this subject, now?
    agreed = await guard.confirm(context, action, "Stop it?", token)
    warrant = await guard.begin(action, agreed)
    await guard.send(warrant, call)                      # audit line, request, audit line

The guard handles operations, risks, scopes, rates, confirmations, the audit log and permits. A domain adds a
`GuardSpec` with its words, its operations, its variables and its keys for role files, `Rules` with its own checks, an
`Action` for each thing to do, and a `Change` for each tool.

Only the guard has the token that may write. Its client refuses every call without an open permit; `send` opens one, for
one call, after it has written the audit line of the attempt. So a tool that forgets the guard cannot send anything, and
if any step fails, nothing is sent.

Modules:
    operation_risk       Operation and Risk
    protocols            what a domain implements: Action, Request, Writer
    spec                 GuardSpec, and the keys of role files
    rules                Rules and Decision: pure
    action_parameters    Additions: the parameters and switches that an agent adds to a write: pure
    dangerous_variables  names that no pattern allows as parameters: pure
    variables, settings  the environment variables of every guard; GuardSettings
    planned_action       PlannedAction: an action that holds its calls
    change, acting       Change and Plan: one call of a tool; Actor carries it out
    confirmation_tokens  tokens as proof of a question: pure
    asking, confirming   the question by elicitation; both kinds of confirmation, each used once
    guard_notes, rate    the state that all processes of an agent share; the rate limit
    repeating            the same call twice within a minute
    audit_chain          audit lines and their verification: pure
    audit, audit_sinks   the audit log, and the places that it is written to
    audit_file           the audit file with its head and its lock
    audit_wording        an audit line in the words of a person: pure
    audit_command        the commands that show and verify an audit file
    guard, opening       Guard; how a process opens and closes it
    errors               WritesDisabled, NotConfirmed, NotesUnavailable, AuditUnavailable
"""

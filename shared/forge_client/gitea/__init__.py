"""The API of Gitea, which Forgejo shares.

    call_builders                       the shapes of requests
    server_calls, issue_calls,
    pull_calls, code_calls              every request, as data
    responses, refusals                 data from a response, or the error that it means
    write_verification                  what of a write did not take
    client                              `GiteaForge`

The two programs differ in little, and that is seen in their answers: where one lacks a route or a field, the answer
is None, and no request depends on the program's name.
"""

"""The forge on which a build's repository lives: one interface for several programs.

    forge                the interface: what is read, and what is written
    requests             filters, changes, and what became of a write
    models               repositories, issues, pull requests, commits and files, for every forge
    names                repositories, refs, paths and filters as callers give them, checked
    name_lookup          finds the labels and milestones that a caller names
    writing              texts and repositories before something is written
    diffs                files, hunks and lines of a diff
    errors, options      the forge as a service, and how to reach it
    gitea                `GiteaForge`, for Gitea and Forgejo

A client of another forge is another folder next to `gitea`, which makes the same models.

Import what is needed from its module; this package loads nothing by itself, so that a server starts fast:
`gitea.client` brings in httpx.
"""

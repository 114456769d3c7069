"""A Gitea 1.27 for demos and tests: repositories, code, issues and pull requests, without a database and without git.

git          commits, branches and tags in memory
differences  the differences of two trees, as git prints them
records      users, labels, issues, pull requests and statuses
world        the state of a server, and what changes it
shapes       records as the JSON of the API
paging       pages and their headers
requests     a request, its user and their rights
routes       the routes of the API
app          the HTTP application
"""

"""Issues and pull requests on the forge, next to the builds of their repositories.

reading   lists and shows issues and pull requests; joins checks to builds
writing   opens and changes issues, comments, opens pull requests, reports builds and flaky steps
guard     the operations, and the rules of a role for them
"""

"""The model of a Drone build for all servers: access within a role's scope, refs, failed steps, standing, the guard.

access         DroneAccess: the client that reads, and the repository, build and step that a call's arguments name
scope          which repositories a process may see
refs           the branch, tag or pull request that a build is of
failed_steps   the steps of a build, and those that failed: in causal order, and their class as far as Drone shows it
build_names    the names and titles of builds and stages in answers
standing       the standing of a build, as a text that a caller hands back
guard          the rules for requests that change builds
"""

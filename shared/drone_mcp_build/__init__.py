"""What a Drone build is to every server: access within a role's scope, refs, failed steps, standing, the guard.

access         DroneAccess: the client that reads, made at first use, and the repository that a call means
scope          which repositories a process may see
build_address  the repository, build and step that a name or a pasted address means
refs           the branch, tag or pull request that a build is of
failed_steps   the steps of a build, and those that failed, in causal order
titles         the title of a build
standing       how a build stands, as a text that a caller hands back
failure_class  the class of a failure, as far as Drone itself tells it
guard          what every request that changes Drone has to pass
"""

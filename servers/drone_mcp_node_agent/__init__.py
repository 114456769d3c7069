"""`drone-nodes-agent`, the daemon of a container node: drives podman, keeps a registry, serves both over gRPC."""

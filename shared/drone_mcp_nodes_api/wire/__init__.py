"""The gRPC service of the daemon: `agent.proto`, and what `scripts/generate-wire` makes of it."""

"""The containers of nodes, for the daemon that drives them and for those who call it.

wire/         the gRPC service (`agent.proto`) and the code that is generated from it
definitions/  service definitions: the model, TOML files with comments kept, messages
client        one node's daemon over gRPC, with the errors of all services
"""

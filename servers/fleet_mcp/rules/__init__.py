"""What the answers of Coder mean for a fleet of agents: state, contract, history, links. Pure."""

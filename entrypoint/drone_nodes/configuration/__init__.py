"""The configuration of the command: a TOML file that people write and `login` and `node` change, and variables."""

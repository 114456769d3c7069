"""The data of a forge, typed: `server`, `issues`, `pulls` and `code`."""

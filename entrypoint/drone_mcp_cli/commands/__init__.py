"""The commands: each is one module, and `app` has their options and help."""

"""The observation server: how CI itself does, and the running systems that it deploys; it only reads."""

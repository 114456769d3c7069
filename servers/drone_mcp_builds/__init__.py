"""The builds server: lists builds, shows their status, waits for them. It only reads."""

"""Pure rules: how a service stands, and which build made its image."""

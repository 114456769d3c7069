"""How a build stands."""

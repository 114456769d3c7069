"""Which jobs there are, and how one stands."""

"""Role files: where they are, what they may hold, and the mistakes in them. The shipped ones are installed here."""

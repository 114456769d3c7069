"""Lists and shows agents, what they can be for, what they did, and what they say."""

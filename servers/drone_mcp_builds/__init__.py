"""The builds server: which builds there are and how they stand. It only reads."""

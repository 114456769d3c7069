"""How the answers of tools look on a terminal. Pure: data in, parts of a page out."""

"""How answers look on a terminal. All text of nodes is cleaned here."""

"""The text of CI logs: its lines, the ones that say why a step failed, and search. Knows no CI server."""

"""The policy server: what to do next about a build, by rules that a person wrote. It only reads.

How it flows: `rules_file` reads the rules, `states` and `facts` say what a build is and what failed in it, `matching`
holds a rule against that, `attempts` counts what has been tried before, and `deciding` makes the decision. All of
that is pure; `history` asks Drone, `recordings` and `replay` try rules on what happened.
"""

"""The policy server: what to do next about a build, by rules that a person wrote. It only reads.

`rules_file` reads the rules, `states` and `facts` describe a build and its failures, `matching` checks a rule against
them, `earlier_attempts` counts earlier attempts, and `deciding` makes the decision. All of these are pure. `history`
reads from Drone; `recordings` and `replay` try rules on recorded builds.
"""

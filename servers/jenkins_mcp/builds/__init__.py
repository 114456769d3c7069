"""The tools for builds."""

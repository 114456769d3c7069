"""Judges by its log which class a failure has: by the signs that tools leave, and how many of them agree."""

from ci_mcp_logs.failure_signs.judging import Finding, Witness, commands_before, judge_lines, signs_of, witnesses_of

__all__ = ["Finding", "Witness", "commands_before", "judge_lines", "signs_of", "witnesses_of"]

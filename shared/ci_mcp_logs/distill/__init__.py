"""Distils the log of a failing step: the lines that say why it failed, verbatim, within a token budget."""

from ci_mcp_logs.distill.distiller import Block, Excerpt, ExcerptLine, Study, distill

__all__ = ["Block", "Excerpt", "ExcerptLine", "Study", "distill"]

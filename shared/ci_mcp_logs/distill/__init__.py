"""Distil a failing step's log: the lines that say why it failed, verbatim, within a token budget."""

from .distiller import Study, distill, excerpt
from .excerpt import Block, Excerpt, Shown

__all__ = ["Block", "Excerpt", "Shown", "Study", "distill", "excerpt"]

"""Distil a failing step's log: the lines that say why it failed, verbatim, within a token budget."""

from .distiller import distill, excerpt
from .excerpt import Block, Excerpt, Shown

__all__ = ["Block", "Excerpt", "Shown", "distill", "excerpt"]

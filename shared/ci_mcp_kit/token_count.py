"""Estimates how many tokens a text costs a model. Pure.

Vocabularies differ, and none is used here. Counted are the pieces into which most of them split the text of a build:
words make long pieces, digits and punctuation short ones. The usual four characters a token would estimate half of what
a line of time stamps and hashes costs. The lengths of pieces were tuned until the estimate for answers about labelled
logs was rarely below their number of cl100k tokens: `scripts/measure-tokens --packs DIR` prints 1.04 x in the median.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"[ \"][A-Za-z][a-z]{0,7}"  # a word, or the beginning of one
    r"|[!-/:-@\[-`{-~]?[a-z]{1,4}"  # a part of a longer word, or of a name and what joins it to the part before
    r"|[A-Z][a-z]{1,6}|[A-Z]{1,3}"
    r"|[0-9]{1,3}"
    r"| ?(?:-{3,40}|={3,40}|\.{3,40}|\*{3,40}|#{3,40}|_{3,40}|~{3,40})\n?"  # a part of a drawn line
    r"| ?[!-/:-@\[-`{-~]{1,2}\n?"
    r"|\s{1,80}(?=[\s0-9])"  # a gap up to the blank that belongs to the next word
    r"|[\u2500-\u257f]{1,3}"  # a part of a box
    r"|.",  # a character of another script; a blank or line end that stands alone
    re.ASCII | re.DOTALL,
)


def count_tokens(text: str) -> int:
    """Return the estimated number of tokens of `text`: at most its number of characters, and 0 only for ""."""
    return len(_PIECE.findall(text))

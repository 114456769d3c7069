"""Makes text of strangers safe to show: removes escape sequences, hidden characters and those that reorder a line.

Pure, in linear time. The author of a commit message or a log line may be hostile to the agent that reads it: escape
sequences, zero-width characters and tags hide text from a person that a model still reads.
"""

from __future__ import annotations

import re

# ECMA-48 (https://ecma-international.org/publications-and-standards/standards/ecma-48/), 5.4 (CSI), 8.3.89 (OSC), 5.6
# (DCS, SOS, PM, APC) and escapes of two characters. The end of a CSI is optional, so that one which the end of the text
# cuts off is removed as well. Of a string sequence that does not end in its line only the beginning is removed: it must
# not swallow the line, which may be the failure.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)|[PX^_][^\x1b\x9c\n]*(?:\x9c|\x1b\\)"
    r"|[ -/]*[0-~]?)"
)
# The same, where one C1 character stands for the escape and the next character.
_C1_ESCAPES = re.compile(
    r"\x9b[0-?]*[ -/]*[@-~]?|\x9d[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)"
    r"|[\x90\x98\x9e\x9f][^\x1b\x9c\n]*(?:\x9c|\x1b\\)"
)

_INVISIBLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian selectors
    (0x200B, 0x200F),  # zero width, and marks of direction
    (0x202A, 0x202E),  # embedding and override of direction
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),  # half-width Hangul filler
    (0xFFF9, 0xFFFB),  # interlinear annotation
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags and further variation selectors
)
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    + "".join(f"{chr(first)}-{chr(last)}" for first, last in _INVISIBLE)
    + "]"
)
_UNWANTED_ASCII = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_ASCII_CONTROLS = dict.fromkeys([*range(9), *range(0x0B, 0x20), 0x7F])
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_RARE = re.compile("[\x80-\x9f\u2028\u2029\ud800-\udfff]")  # the characters of the three patterns above


def sanitize(text: str) -> str:
    """Return `text` without escape sequences, control characters, reordering or invisible characters.

    Tabs and line feeds stay; every other line end becomes a line feed. A lone surrogate, which cannot be encoded,
    becomes U+FFFD. Other text is returned unchanged.
    """
    plain = text.isascii()
    if (_UNWANTED_ASCII if plain else _UNWANTED).search(text) is None:
        return text
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if plain:
        return text.translate(_ASCII_CONTROLS)
    if _RARE.search(text):
        text = _SURROGATES.sub("\ufffd", _LINE_ENDS.sub("\n", _C1_ESCAPES.sub("", text)))
    return _UNWANTED.sub("", text)

"""What a cursor is bound to, in a few letters. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(question: dict[str, Any]) -> str:
    """A short word for what was asked; what is not set does not count."""
    asked = {key: value for key, value in question.items() if value is not None}
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]

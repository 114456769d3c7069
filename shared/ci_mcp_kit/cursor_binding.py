"""A short hash of a request, to which a cursor is bound. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(request: dict[str, Any]) -> str:
    """Return a short hash of a request; None counts as not set."""
    given = {key: value for key, value in request.items() if value is not None}
    text = json.dumps(given, sort_keys=True, ensure_ascii=True)
    # 40 bits: enough to notice the cursor of another request. It protects nothing.
    return hashlib.sha256(text.encode()).hexdigest()[:10]

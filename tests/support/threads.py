"""Whether threads still work for the event loop of a test, as they do for a store in a file."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

_calls: WeakSet[Future[Any]] = WeakSet()
_submit = ThreadPoolExecutor.submit


def _submit_and_note(pool: ThreadPoolExecutor, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    future = _submit(pool, call, *args, **kwargs)
    _calls.add(future)
    return future


# An executor does not say whether it has work; nothing of what it does is changed.
ThreadPoolExecutor.submit = _submit_and_note  # type: ignore[method-assign,assignment]  # as it is typed for its callers


def threads_work() -> bool:
    """Return whether a call that was given to a thread has not ended."""
    return any(not call.done() for call in _calls)

"""Cuts lists into pages, and writes the headers that describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from gitea_simulator.request_context import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from gitea_simulator.request_context import Context

T = TypeVar("T")

DEFAULT: Final = 30  # DEFAULT_PAGING_NUM
MOST: Final = 50  # MAX_RESPONSE_ITEMS
FIRST: Final = 1


def read_page(ctx: Context) -> tuple[int, int]:
    """Return the number of the wanted page and its size: the defaults where it is no number, the most for too many."""
    size = _read_number(ctx.query.get("limit", ""))
    return _read_number(ctx.query.get("page", "")) or FIRST, min(size, MOST) or DEFAULT


def _read_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


def answer_page(
    ctx: Context, items: Sequence[T], shape: Callable[[T], Any], *, links: bool = False, counts: bool = False
) -> Response:
    """Build the response with one page of a list, with the number of all items.

    Args:
        ctx: the request.
        items: the whole list.
        shape: returns the JSON of an item.
        links: whether the route has the header `Link`.
        counts: whether it has those about its pages, too.
    """
    page, size = read_page(ctx)
    shown = items[(page - 1) * size : page * size]
    headers = {"x-total-count": str(len(items)), "access-control-expose-headers": "X-Total-Count"}
    if links and (link := _link(ctx, page, size, len(items))):
        headers |= {"link": link, "access-control-expose-headers": "Link, X-Total-Count"}
    if counts:
        pages = -(-len(items) // size)
        headers |= {"x-page": str(page), "x-perpage": str(size), "x-pagecount": str(pages)}
        headers |= {"x-hasmore": str(page < pages).lower()}
        headers["access-control-expose-headers"] += ", X-Page, X-PerPage, X-PageCount, X-HasMore"
    return answer([shape(item) for item in shown], headers=headers)


def _link(ctx: Context, page: int, size: int, total: int) -> str:
    """Return the header `Link`, whose addresses are absolute (go-gitea/gitea v1.27.3, services/context/api.go)."""
    last = max(1, -(-total // size))
    page = min(page, last)
    numbers = {"next": page + 1 if page < last else 0, "last": last if page < last else 0}
    numbers |= {"first": 1 if page > 1 else 0, "prev": page - 1}
    url = f"{ctx.world.url}{ctx.request.scope['gitea_path']}"

    def address(number: int) -> str:
        given = dict(parse_qsl(ctx.request.url.query, keep_blank_values=True))
        return f"{url}?{urlencode(sorted({**given, 'page': str(number)}.items()))}"

    return ",".join(f'<{address(number)}>; rel="{name}"' for name, number in numbers.items() if number)

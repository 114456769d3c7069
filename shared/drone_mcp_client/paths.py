"""Request paths, built from untrusted parts.

Every part becomes exactly one segment, quoted the way Go quotes it. That matters: Drone's router (chi 3.3) hands its
handlers the raw, still quoted segment wherever a request's quoting differs from Go's own, and `octo%40x` is then
looked up literally. See `shouldEscape` in Go's net/url.
"""

from __future__ import annotations

from urllib.parse import quote

from drone_mcp_client.errors import InvalidInput

GO_LEAVES = "$&+,:;=@"  # besides letters, digits and -_.~
LONGEST = 1000


def join(*parts: str | int) -> str:
    """The path of the given segments; an `int` must be positive, a `str` is one segment whatever it holds."""
    return "/" + "/".join(_number(part) if isinstance(part, int) else segment(part) for part in parts)


def segment(text: str, what: str = "name") -> str:
    """Quote one segment, or refuse what could change the meaning of the path around it."""
    if "/" in text:
        raise InvalidInput(f"The {what} {shown(text)} holds a '/'")
    return _quoted(text, what)


def segments(text: str, what: str = "name") -> str:
    """Quote a name that may hold slashes, like a branch; each part obeys the rules of a segment."""
    return "/".join(_quoted(part, what, text) for part in text.split("/"))


def shown(text: str) -> str:
    """How an error quotes what it refuses: on one line, escaped, not at length."""
    return repr(text if len(text) <= 100 else text[:100] + "…")  # noqa: PLR2004 - as long as a message bears


def _quoted(text: str, what: str, whole: str | None = None) -> str:
    fault = _fault(text)
    if fault:
        raise InvalidInput(f"The {what} {shown(whole or text)} {fault}")
    return quote(text, safe=GO_LEAVES)


def _fault(text: str) -> str:
    if not text:
        return "has an empty part"
    if text in {".", ".."}:
        return "would lead out of its place"
    if len(text) > LONGEST:
        return "is too long"
    if any(character < " " or character == "\x7f" for character in text):
        return "holds a control character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "is not valid Unicode"
    return ""


def _number(number: int) -> str:
    if number < 1:
        raise InvalidInput(f"A number must be 1 or more, not {number}")
    return str(number)


def template(path: str) -> str:
    """Put placeholders for what a path names: one of a few dozen is left, and nothing of anybody's repositories."""
    match path.split("/"):
        case ["", "api", "repos" | "stream" as root, _, _, *rest]:
            return "/".join(["", "api", root, "{owner}", "{repo}", *_placeholders(rest)])
        case ["", "api", "secrets" | "templates" as root, _]:
            return f"/api/{root}/{{namespace}}"
        case _:
            return path


def _placeholders(parts: list[str]) -> list[str]:
    """Replace numbers, and the names of scheduled jobs: nothing else below a repository is anybody's choice."""
    before = ["", *parts]
    return ["{name}" if before[i] == "cron" else _placeholder(part) for i, part in enumerate(parts)]


def _placeholder(part: str) -> str:
    return "{number}" if part.isdecimal() else part

"""Whatever texts an overview holds, the page shows them as texts."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from ci_mcp_kit.guard.audit_wording import AuditLine
from drone_mcp_status.page import POLICY, render
from drone_mcp_status.page_data import (
    AuditLog,
    CallUnderWay,
    Check,
    Overview,
    RedRef,
    ShownBuild,
    WaitingBuild,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXTS = st.sampled_from(["<script>alert(1)</script>", '"><img src=x>', "&lt;b&gt;", "</style>", "' onload='x", "]]>"])
AT = 1_795_255_000.0


def overview(text: str, *, red: bool = True, checks: Sequence[Check] | None = None, gap: str = "") -> Overview:
    build = ShownBuild(text, 1, 7, text, text, text, text, f"https://drone.example.com/{text}")
    return Overview(
        subject=text,
        at=AT,
        red=(RedRef(build, 5, int(AT) - 7200, is_exact=True),) if red else (),
        waiting=(WaitingBuild(build, "approval", int(AT) - 60),),
        calls=(CallUnderWay(text, text, text, AT - 3),),
        audits=(AuditLog(text, "good", text, (AuditLine(text, text, text, text, text, text),)),),
        checks=(Check(text, "good", text),) if checks is None else tuple(checks),
        gaps=(gap,) if gap else (),
    )


class Reader(HTMLParser):
    """Collects the elements of a page, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(TEXTS | st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_no_text_becomes_an_element_or_an_attribute(text: str) -> None:
    plain, page = Reader(render(overview("plain"))), Reader(render(overview(text)))
    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    assert any(text in one for one in page.texts)


def test_the_policy_allows_no_script_and_nothing_from_elsewhere() -> None:
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in POLICY
    assert not {"script", "img", "link", "iframe", "form"} & set(Reader(render(overview("plain"))).tags)


def headline(shown: Overview) -> str:
    return render(shown).partition("<h1")[2].partition("</h1>")[0]


def test_the_headline_says_how_many_are_red() -> None:
    assert headline(overview("x")) == ' class="bad">1 red'


def test_the_headline_is_green_only_where_nothing_is_missing_or_out_of_date() -> None:
    assert headline(overview("x", red=False)) == ' class="good">Nothing red'
    assert headline(overview("x", red=False, gap="Something is missing")) == ' class="warning">Nothing red'
    assert headline(overview("x", red=False, checks=[Check("Drone", "bad", "x")])) == ' class="warning">Nothing red'

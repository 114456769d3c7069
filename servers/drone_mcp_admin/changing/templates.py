"""Changes of pipeline templates."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.redact import holds_secret
from drone_mcp_admin.access import namespace_of
from drone_mcp_admin.changing.base import AdminChange, AdminPlan, ReadBack
from drone_mcp_client import admin_calls

if TYPE_CHECKING:
    from ci_mcp_kit.guard.change import Sent
    from drone_mcp_client.models import Template

MOST_LINES: Final = 40  # of a comparison, for a person who has to agree
LINE_WIDTH: Final = 200  # characters


@dataclass(frozen=True, kw_only=True)
class TemplateChange(AdminChange):
    """A change of one template of a namespace."""

    template: str

    @property
    def namespace(self) -> str:
        """The namespace."""
        return namespace_of(self.place) or ""

    async def find(self) -> Template | None:
        """Return the template as it is now, None where there is none."""
        found = await (await self.access.client()).templates(self.namespace)
        return next((one for one in found if one.name == self.template), None)


@dataclass(frozen=True, kw_only=True)
class SetTemplate(TemplateChange):
    """A template that is added or gets another text."""

    text: str = field(repr=False)

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.text,)

    @override
    async def plan(self) -> AdminPlan:
        if holds_secret(self.text):
            raise InvalidInput(
                "The text holds what looks like a secret, and everybody who sees builds may see a template",
                next_step="Put the value into a secret and name it with from_secret in the template",
            )
        there = await self.find()
        if there is not None and there.data == self.text:
            return self.plan_nothing(f"{self.subject} has this text already")
        call = (
            admin_calls.update_template(self.namespace, self.template, self.text)
            if there
            else admin_calls.create_template(self.namespace, self.template, self.text)
        )
        lines = compare_texts(there.data if there else "", self.text)
        used = "Every pipeline of the namespace that loads it runs the new text from its next build on"
        return self.make_plan(
            f"{'replace the text of' if there else 'add'} {self.label}",
            call,
            state=(_digest(there.data) if there else None, _digest(self.text)),
            notes=(used, *lines),
        )

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        there = await self.find()
        same = there is not None and there.data == self.text
        return ReadBack(
            message=f"{self.subject} has the new text" if same else f"Drone has another text for {self.label}",
            now={"lines": len(there.data.splitlines())} if there else {},
            dropped=() if same else ("text",),
        )


@dataclass(frozen=True, kw_only=True)
class DeleteTemplate(TemplateChange):
    """The end of a template."""

    @override
    async def plan(self) -> AdminPlan:
        there = await self.find()
        if there is None:
            return self.plan_nothing(f"There is no {self.label}")
        call = admin_calls.delete_template(self.namespace, self.template)
        notes = ("Builds of pipelines that load it fail from then on",)
        return self.make_plan(f"delete {self.label}", call, state=(_digest(there.data),), notes=notes)

    @override
    async def read_back(self, plan: AdminPlan, sent: Sent) -> ReadBack:
        return self.report_deletion(is_there=await self.find() is not None)


def _digest(text: str) -> str:
    """Return what stands for a text in audit lines and fingerprints."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def compare_texts(old: str, new: str) -> tuple[str, ...]:
    """Return the lines that differ, marked with + and -, at most `MOST_LINES`. Pure."""
    every = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1))[2:]
    shown = [one_line(line, LINE_WIDTH) for line in every[:MOST_LINES]]
    more = [f"… {len(every) - MOST_LINES} more lines differ"] if len(every) > MOST_LINES else []
    return (*shown, *more)

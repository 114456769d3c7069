"""The forge itself, its users and its repositories."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from forge_client.models.base import ForgeModel, Many, Moment, Text, nested


class ForgeVersion(ForgeModel):
    """The version of the server.

    Forgejo names after a plus the release of Gitea whose API it has, as in `12.0.0+gitea-1.22.0` (Forgejo's
    user guide, "Semantic Versioning"); Gitea never does.
    """

    version: str

    @property
    def kind(self) -> Literal["gitea", "forgejo"]:
        """The program: Gitea or Forgejo."""
        return "forgejo" if "+gitea-" in self.version else "gitea"


class User(ForgeModel):
    """An account. Logins are the same in any case."""

    id: int = 0
    login: str
    full_name: Text = ""


class TokenFacts(ForgeModel):
    """A token: its scopes, such as `read:issue`, and the login of its user."""

    name: Text = ""
    scopes: Many[str] = ()
    login: Text = nested("user", "login")

    def find_missing(self, *needed: str) -> tuple[str, ...]:
        """Return those of the needed scopes that the token lacks. A scope to write includes the one to read."""
        held = {*self.scopes, *(scope.replace("write:", "read:") for scope in self.scopes)}
        return () if "all" in held else tuple(scope for scope in needed if scope not in held)


class Permissions(ForgeModel):
    """The rights of the token's user in a repository. The token itself may be limited to less by its scopes."""

    admin: bool = False
    push: bool = False
    pull: bool = False


class Repository(ForgeModel):
    """A repository. `parent` is the one that it was forked from, "" if it is no fork or that one is hidden."""

    id: int = 0
    full_name: str
    description: Text = ""
    default_branch: Text = ""
    private: bool = False
    internal: bool = False
    archived: bool = False
    empty: bool = False
    mirror: bool = False
    fork: bool = False
    parent: Text = nested("parent", "full_name")
    has_issues: bool = True
    has_pull_requests: bool = True
    permissions: Permissions | None = None
    url: Annotated[str, Field(validation_alias="html_url")] = ""
    clone_url: Text = ""
    language: Text = ""
    updated_at: Moment = None

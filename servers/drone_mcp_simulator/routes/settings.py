"""Secrets, cron jobs, templates, signing and encrypting (Drone 2.25, `handler/api/{repos,secrets,template}`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

import yaml

from drone_mcp_simulator.cronexpr import next_time
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.records import Cron, Secret, Template
from drone_mcp_simulator.routing import Ask, Refusal, answer, no_content, route
from drone_mcp_simulator.trigger import ScmError, by_cron, find_commit, trigger
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

NAME = re.compile(r"[a-zA-Z0-9\-_.]+")
TEMPLATE_KINDS = (".yml", ".yaml", ".star", ".starlark", ".script", ".jsonnet")
# AES-GCM puts 12 bytes before and 16 behind; the text itself keeps its length.
SEAL_OVERHEAD = 12 + 16


# -- secrets of a repository and of an organization


def _secrets(ask: Ask) -> list[Secret]:
    """The secrets of the repository or namespace in the path; all namespaces' where it names neither."""
    if "owner" in ask.params:
        return [secret for secret in ask.world.secrets if secret.repo_id == ask.repo.id]
    named = [secret for secret in ask.world.secrets if secret.namespace]
    wanted = ask.params.get("namespace")
    return [secret for secret in named if wanted in (None, secret.namespace)]


def _secret(ask: Ask) -> Secret:
    found = next((secret for secret in _secrets(ask) if secret.name == ask.params["key"]), None)
    if found is None:
        raise NoRows
    return found


async def list_secrets(ask: Ask) -> Response:
    """Names and flags, never values."""
    return answer([secret.to_json() for secret in _secrets(ask)])


async def create_secret(ask: Ask) -> Response:
    """Add a secret; a second of the same name is a driver's error."""
    data = ask.json()
    name, value = str(data.get("name", "")), str(data.get("data", ""))
    if not NAME.fullmatch(name):
        raise Refusal(400, "Invalid Secret Name")
    if not value:
        raise Refusal(400, "Invalid Secret Value")
    in_repo = "owner" in ask.params
    if any(secret.name == name for secret in _secrets(ask)):
        columns = "secrets.secret_repo_id, secrets.secret_name"
        if not in_repo:
            columns = "orgsecrets.secret_namespace, orgsecrets.secret_name"
        raise Refusal(500, f"UNIQUE constraint failed: {columns}")
    secret = Secret(
        ask.world.next_id("secrets" if in_repo else "orgsecrets"),
        repo_id=ask.repo.id if in_repo else 0,
        namespace="" if in_repo else ask.params["namespace"],
        name=name,
        data=value,
        pull_request=bool(data.get("pull_request")),
        pull_request_push=bool(data.get("pull_request_push")),
    )
    ask.world.secrets.append(secret)
    return answer(secret.to_json())


async def find_secret(ask: Ask) -> Response:
    """One secret without its value."""
    return answer(_secret(ask).to_json())


async def update_secret(ask: Ask) -> Response:
    """Change value or flags."""
    secret, data = _secret(ask), ask.json()
    if data.get("data") is not None:
        if not data["data"]:
            raise Refusal(400, "Invalid Secret Value")
        secret.data = str(data["data"])
    secret.pull_request = bool(data.get("pull_request", secret.pull_request))
    secret.pull_request_push = bool(data.get("pull_request_push", secret.pull_request_push))
    return answer(secret.to_json())


async def delete_secret(ask: Ask) -> Response:
    """Remove a secret."""
    ask.world.secrets.remove(_secret(ask))
    return no_content()


# -- cron jobs


def _cron(ask: Ask) -> Cron:
    jobs = [job for job in ask.world.crons if job.repo_id == ask.repo.id]
    found = next((job for job in jobs if job.name == ask.params["key"]), None)
    if found is None:
        raise NoRows
    return found


async def list_crons(ask: Ask) -> Response:
    """The repository's jobs."""
    return answer([job.to_json() for job in ask.world.crons if job.repo_id == ask.repo.id])


async def create_cron(ask: Ask) -> Response:
    """Add a job from name, expression and branch; the name becomes a slug."""
    data = ask.json()
    name = re.sub(r"[^a-z0-9]+", "-", str(data.get("name", "")).lower()).strip("-")
    expression, branch = str(data.get("expr", "")), str(data.get("branch", ""))
    try:
        due = next_time(expression, ask.world.now())
    except ValueError as error:
        raise Refusal(400, "Invalid Cronjob Expression") from error
    if not name:
        raise Refusal(400, "Invalid Cronjob Name")
    if not branch:
        raise Refusal(400, "Invalid Cronjob Branch")
    if any(job.name == name and job.repo_id == ask.repo.id for job in ask.world.crons):
        raise Refusal(500, "UNIQUE constraint failed: cron.cron_repo_id, cron.cron_name")
    job = Cron(ask.world.next_id("cron"), ask.repo.id, name, expression, next=due, branch=branch)
    ask.world.crons.append(job)
    return answer(job.to_json())


async def find_cron(ask: Ask) -> Response:
    """One job by name."""
    return answer(_cron(ask).to_json())


async def update_cron(ask: Ask) -> Response:
    """Change branch, target or `disabled`; a body that is no JSON changes nothing and is no error."""
    job, data = _cron(ask), ask.json(lenient=True)
    for name in ("branch", "target", "disabled"):
        if data.get(name) is not None:
            setattr(job, name, data[name])
    return answer(job.to_json())


async def delete_cron(ask: Ask) -> Response:
    """Remove a job."""
    ask.world.crons.remove(_cron(ask))
    return no_content()


async def run_cron(ask: Ask) -> Response:
    """Run a job now."""
    job = _cron(ask)
    try:
        commit = find_commit(ask.world, ask.repo, branch=job.branch)
    except ScmError as error:
        raise Refusal(404, str(error)) from error
    try:
        build = await trigger(ask.world, ask.repo, by_cron(commit, job))
    except ScmError as error:
        raise Refusal(500, str(error)) from error
    return answer(build.bare() if build else None)


# -- signing and encrypting


async def sign(ask: Ask) -> Response:
    """The checksum of a configuration, which must be a mapping to be one."""
    text = str(ask.json().get("data", ""))
    for document in yaml.safe_load_all(text):
        if not isinstance(document, dict):
            kind = {str: "str", int: "int", bool: "bool", list: "seq"}.get(type(document), "null")
            message = f"line 1: cannot unmarshal !!{kind} `{text.strip()[:10]}` into yaml.RawResource"
            raise Refusal(500, f"yaml: unmarshal errors:\n  {message}")
    mac = hmac.new(ask.repo.secret.encode(), text.encode(), hashlib.sha256)
    return answer({"data": mac.hexdigest()})


async def encrypt(ask: Ask) -> Response:
    """Something as long as the encrypted value would be; there is nothing to decrypt it here."""
    if not ask.repo.secret:
        raise Refusal(500, "crypto/aes: invalid key size 0")
    text = str(ask.json().get("data", ""))
    size = len(text.encode()) + SEAL_OVERHEAD
    stream = hashlib.shake_256(f"{ask.repo.secret}{text}".encode()).digest(size)
    return answer({"data": base64.b64encode(stream).decode()})


# -- templates


def _templates(ask: Ask) -> list[Template]:
    wanted = ask.params.get("namespace")
    return [template for template in ask.world.templates if wanted in (None, template.namespace)]


def _template(ask: Ask) -> Template:
    found = next((template for template in _templates(ask) if template.name == ask.params["key"]), None)
    if found is None:
        raise NoRows
    return found


async def list_templates(ask: Ask) -> Response:
    """Templates with their text."""
    return answer([template.to_json() for template in _templates(ask)])


async def create_template(ask: Ask) -> Response:
    """Add a template."""
    data: dict[str, Any] = ask.json()
    name, text, namespace = str(data.get("name", "")), str(data.get("data", "")), ask.params["namespace"]
    if not name:
        raise Refusal(400, "No Template Name Provided")
    if not text:
        raise Refusal(400, "No Template Data Provided")
    if not name.endswith(TEMPLATE_KINDS):
        raise Refusal(400, "Template extension invalid. Must be yaml, starlark or jsonnet")
    if any(template.name == name for template in _templates(ask)):
        raise Refusal(500, "UNIQUE constraint failed: template.template_name, template.template_namespace")
    template = Template(ask.world.next_id("templates"), name, namespace, text)
    ask.world.templates.append(template)
    return answer(template.to_json())


async def find_template(ask: Ask) -> Response:
    """One template."""
    return answer(_template(ask).to_json())


async def update_template(ask: Ask) -> Response:
    """Change text or namespace."""
    template, data = _template(ask), ask.json()
    template.data = str(data.get("data") or template.data)
    template.namespace = str(data.get("namespace") or template.namespace)
    return answer(template.to_json())


async def delete_template(ask: Ask) -> Response:
    """Remove a template."""
    ask.world.templates.remove(_template(ask))
    return no_content()


REPO = "/api/repos/{owner}/{name}/"
SECRETS = "/api/secrets/{namespace}"
TEMPLATES = "/api/templates/{namespace}"
ROUTES = [
    route("GET", REPO + "secrets/", Need.WRITE, list_secrets),
    route("POST", REPO + "secrets/", Need.WRITE, create_secret),
    route("GET", REPO + "secrets/{key}", Need.WRITE, find_secret),
    route("PATCH", REPO + "secrets/{key}", Need.WRITE, update_secret),
    route("DELETE", REPO + "secrets/{key}", Need.WRITE, delete_secret),
    route("GET", REPO + "cron/", Need.WRITE, list_crons),
    route("POST", REPO + "cron/", Need.WRITE, create_cron),
    route("GET", REPO + "cron/{key}", Need.WRITE, find_cron),
    route("POST", REPO + "cron/{key}", Need.WRITE, run_cron),
    route("PATCH", REPO + "cron/{key}", Need.WRITE, update_cron),
    route("DELETE", REPO + "cron/{key}", Need.WRITE, delete_cron),
    route("POST", REPO + "sign", Need.WRITE, sign),
    route("POST", REPO + "encrypt/", Need.WRITE, encrypt),
    route("POST", REPO + "encrypt/secret", Need.WRITE, encrypt),
    route("GET", "/api/secrets/", Need.SYSADMIN, list_secrets),
    route("GET", SECRETS + "/", Need.MEMBER, list_secrets),
    route("POST", SECRETS + "/", Need.ORGADMIN, create_secret),
    route("GET", SECRETS + "/{key}", Need.MEMBER, find_secret),
    route("POST", SECRETS + "/{key}", Need.ORGADMIN, update_secret),
    route("PATCH", SECRETS + "/{key}", Need.ORGADMIN, update_secret),
    route("DELETE", SECRETS + "/{key}", Need.ORGADMIN, delete_secret),
    route("GET", "/api/templates/", Need.MEMBER, list_templates),
    route("GET", TEMPLATES + "/", Need.MEMBER, list_templates),
    route("POST", TEMPLATES + "/", Need.ORGADMIN, create_template),
    route("GET", TEMPLATES + "/{key}", Need.MEMBER, find_template),
    route("PUT", TEMPLATES + "/{key}", Need.ORGADMIN, update_template),
    route("PATCH", TEMPLATES + "/{key}", Need.ORGADMIN, update_template),
    route("DELETE", TEMPLATES + "/{key}", Need.ORGADMIN, delete_template),
]

"""Gets a token and saves it: from an identity server, from a variable or standard input, or from a prompt."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

import httpx

from ci_mcp_kit.errors import AuthenticationFailed, InvalidInput, Unreachable
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.secret_files import read_secret
from drone_mcp_nodes_api.client import NodeClient
from drone_mcp_nodes_api.definitions.files import replace_file
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages.printing import print_note
from drone_nodes.pages.words import clean
from drone_nodes.session import SERVICE

if TYPE_CHECKING:
    from drone_nodes.configuration.model import Auth, Configuration
    from drone_nodes.session import Session

LONGEST_TOKEN = 16_384


async def log_in(session: Session) -> int:
    """Save a token that at least one node accepts; without nodes, whatever was given."""
    configuration = session.configuration
    auth = configuration.contents.auth
    token = await _request_token(configuration, auth) if auth.token_url else _read_token()
    if not token or len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise InvalidInput("This is no token: it is one line of letters, digits and signs", next_step="Copy it again")
    await _introduce(session, token)
    configuration.token_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration.token_file.touch(mode=0o600)
    configuration.token_file.chmod(0o600)
    replace_file(configuration.token_file, token + "\n")
    print_note(f"The token is saved in {configuration.token_file}")
    return exit_codes.DONE


def _read_token() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Token (of drone-nodes-agent token add): ").strip()
    return sys.stdin.read(LONGEST_TOKEN + 2).strip()


async def _introduce(session: Session, token: str) -> None:
    """Show who the token makes us on each node.

    Raises:
        ServiceError: no node accepts it.
    """

    async def ask(client: NodeClient) -> pb.GetNodeResponse:
        async with NodeClient(client.endpoint, lambda: token, SERVICE) as own:
            return await own.call(own.methods.GetNode, pb.GetNodeRequest())

    if not session.configuration.endpoints:  # they may be added later
        return
    answers = await session.ask(ask)
    for answer in answers:
        found = answer.value
        print_note(clean(f"{found.caller} ({found.role}) on {answer.node}" if found else str(answer.error)).plain)
    errors = [answer.error for answer in answers if answer.error]
    if len(errors) == len(answers):
        raise next((error for error in errors if isinstance(error, AuthenticationFailed)), errors[0])


async def _request_token(configuration: Configuration, auth: Auth) -> str:
    """Return an access token of the identity server for this client (RFC 6749, section 4.4)."""
    identity = auth.client_id or _prompt("Client", hidden=False)
    secret = read_secret(configuration.resolve(auth.client_secret_file)) if auth.client_secret_file else None
    secret = secret or _prompt(f"Secret of {identity}", hidden=True)
    form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
    ca_file = configuration.resolve(auth.ca_file) if auth.ca_file else None
    step = f"Check [auth] in {configuration.path}"
    try:
        async with http_client(auth.token_url, ca_file=ca_file, timeout=30) as client:
            response = await client.post(auth.token_url, data=form, auth=httpx.BasicAuth(identity, secret))
    except (httpx.HTTPError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise Unreachable(f"{auth.token_url} does not answer: {reason}", next_step=step) from error
    try:
        answer = response.json()
        token = answer.get("access_token") if response.is_success else None
    except (ValueError, AttributeError):
        answer, token = {}, None
    if not isinstance(token, str):
        reason = answer.get("error", "") if isinstance(answer, dict) else ""
        said = clean(f"status {response.status_code} {reason}").plain
        raise AuthenticationFailed(f"{auth.token_url} gives no token ({said})", next_step=step)
    return token


def _prompt(what: str, *, hidden: bool) -> str:
    if not sys.stdin.isatty():
        raise InvalidInput(
            f"{what} is not configured, and there is no terminal to ask at",
            next_step="Set client_id and client_secret_file in [auth]",
        )
    return getpass.getpass(f"{what}: ") if hidden else input(f"{what}: ")

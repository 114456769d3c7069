"""The settings of the Jenkins server, read from the environment and from the configuration file that it names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from ci_mcp_http.settings import NOWHERE
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.variables import read_variables
from jenkins_mcp.client.credentials import basic_header, encode, encoded_header
from jenkins_mcp.client.errors import JENKINS
from jenkins_mcp.variables import CONFIG, CREDENTIALS, PROCESS, VARIABLES, read_one

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_mcp_http.options import ClientOptions
    from ci_mcp_http.tokens import TokenHeader
    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable

CONNECT_TIMEOUT = 10.0  # seconds; a Jenkins that is busy accepts slowly
MOST_CONNECTIONS = 8  # to one Jenkins, whose web server has few threads for all its users


@dataclass(frozen=True, kw_only=True)
class JenkinsInstance:
    """One Jenkins: where it is, who asks, and which of its jobs may be seen. Times are seconds.

    Attributes:
        name: how tools name it; "" where there is only one.
        jobs: globs; empty: all jobs.
    """

    server: str
    name: str = ""
    username: str = ""
    token: Secret | None = None
    token_file: Path | None = None
    password: Secret | None = None
    password_file: Path | None = None
    jobs: tuple[str, ...] = ()
    timeout: float = 30.0
    retries: int = 2
    backoff: float = 0.5
    max_body: int = 64 * 2**20
    ca_file: Path | None = None
    skip_verify: bool = False

    def secrets(self) -> list[str]:
        """Return what must never leave the process, as it is now, and as the header of a request holds it."""
        tokens, passwords = self._tokens(), self._passwords()
        found = tokens + passwords + [token.partition(":")[2] for token in tokens if ":" in token]
        found += [basic_header(self.username, token)[1] for token in tokens]
        found += [encode(self.username, password) for password in passwords]
        return [text.removeprefix("Basic ") for text in found if text]

    def warnings(self) -> list[str]:
        """Return warnings about settings that are allowed but probably a mistake, a sentence each."""
        found = []
        where = f"Jenkins {self.name}".rstrip()
        if not any(getattr(self, field) for field in CREDENTIALS):
            found.append(f"No {JENKINS.token} for {where}: only what it shows to everybody can be read")
        elif is_exposed(self.server):
            found.append(f"{where} is asked with plain http on another machine: the token can be read on the way")
        if self.skip_verify:
            found.append(
                f"The certificate of {where} is not verified (JENKINS_TLS_SKIP_VERIFY), so any machine on the way can "
                "read the token; name its authority in JENKINS_CA_CERT instead"
            )
        return found

    def client_options(self) -> ClientOptions:
        """Return how to reach it."""
        from ci_mcp_http.options import ClientOptions  # noqa: PLC0415 - on first use, to start fast

        token = self.token.reveal() if self.token else None
        header: TokenHeader = partial(basic_header, self.username)
        if passwords := self._passwords():
            # A password may hold characters that no token has, so it is encoded here already.
            token, header = encode(self.username, passwords[0]), encoded_header
        return ClientOptions(
            service=JENKINS,
            server=self.server,
            token=token,
            token_file=self.token_file,
            token_header=header,
            timeout=self.timeout,
            connect_timeout=min(CONNECT_TIMEOUT, self.timeout),
            read_timeout=self.timeout,
            retries=self.retries,
            backoff=self.backoff,
            max_connections=MOST_CONNECTIONS,
            max_body=self.max_body,
            ca_file=self.ca_file,
            skip_verify=self.skip_verify,
        )

    def _tokens(self) -> list[str]:
        held = read_secret(self.token_file) if self.token_file else None
        return [self.token.reveal()] if self.token else [held] if held else []

    def _passwords(self) -> list[str]:
        held = read_secret(self.password_file) if self.password_file else None
        return [self.password.reveal()] if self.password else [held] if held else []


@dataclass(frozen=True, kw_only=True)
class JenkinsSettings(ProcessSettings):
    """The settings of one process: each Jenkins that it asks, and those of every server.

    Attributes:
        artifacts_dir: the folder in which artifacts are saved; without one, none is.
        max_artifact: the largest artifact that is saved, in bytes.
    """

    variables: ClassVar[tuple[Variable, ...]] = VARIABLES
    services: ClassVar[tuple[Service, ...]] = (JENKINS,)

    instances: tuple[JenkinsInstance, ...]
    artifacts_dir: Path | None = None
    max_artifact: int = 4 * 2**30

    @property
    def are_several(self) -> bool:
        """Whether tools have to be told which Jenkins is meant."""
        return len(self.instances) > 1

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        values = read_variables(PROCESS, environment)
        if environment.get(CONFIG, "").strip():
            from jenkins_mcp.config_file import read_config  # noqa: PLC0415 - few processes have one

            given = read_config(environment)
        else:
            given = (read_one(environment),)
        return {**values, "instances": tuple(JenkinsInstance(**one) for one in given)}

    @classmethod
    @override
    def placeholders(cls) -> dict[str, Any]:
        return {"instances": (JenkinsInstance(server=NOWHERE),)}

    @override
    def secrets(self) -> list[str]:
        return super().secrets() + [secret for instance in self.instances for secret in instance.secrets()]

    @override
    def warnings(self) -> list[str]:
        return [warning for instance in self.instances for warning in instance.warnings()]

"""Checks what a configuration names: files, permissions, the certificate, and programs."""

from __future__ import annotations

import os
import pwd
import shutil
import ssl
import stat
from typing import TYPE_CHECKING

from ci_mcp_kit.secret_files import read_secret
from drone_mcp_node_agent.auth.token_file import TokenFileError, read_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drone_mcp_node_agent.configuration.model import Alerts, Auth, Configuration, Tls


def find_faults(configuration: Configuration) -> list[str]:
    """Return a sentence for each thing of this machine that does not fit a configuration."""
    return [
        *_faults_of_tls(configuration.tls),
        *_faults_of_auth(configuration.auth),
        *_faults_of_alerts(configuration.alerts),
        *(
            f"{key}: {path} is not a folder. Create it."
            for key, path in (("paths.state", configuration.paths.state), ("paths.files", configuration.paths.files))
            if not path.is_dir()
        ),
        *(
            [f"podman.program: there is no {configuration.podman.program} here. Install it, or write its path."]
            if not shutil.which(configuration.podman.program)
            else []
        ),
    ]


def _faults_of_tls(settings: Tls) -> Iterator[str]:
    yield from _private("tls.key", settings.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except ssl.SSLError:
        yield f"tls.certificate: {settings.certificate} and tls.key are not a certificate and its key in PEM format."
    except OSError as error:
        yield f"tls.certificate and tls.key: {error.strerror}. Write the paths of two PEM files."
    if settings.client_ca:
        try:
            context.load_verify_locations(settings.client_ca)
        except OSError:  # ssl.SSLError is one
            yield f"tls.client_ca: {settings.client_ca} is not a file of certificates in PEM format."


def _faults_of_auth(settings: Auth) -> Iterator[str]:
    if settings.introspection is None:
        try:
            read_tokens(settings.tokens)
        except TokenFileError as error:
            yield f"auth.tokens: {error}"
        return
    yield from _private("auth.introspection.client_secret_file", settings.introspection.client_secret_file)
    if read_secret(settings.introspection.client_secret_file) is None:
        yield f"auth.introspection.client_secret_file: {settings.introspection.client_secret_file} holds no secret."


def _private(key: str, path: Path) -> Iterator[str]:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        yield f"{key}: {path}: {error.strerror}."
        return
    if mode & (stat.S_IRWXG & ~stat.S_IRGRP | stat.S_IRWXO):
        yield f"{key}: others can read {path}. Run: chmod 600 {path}"


def _faults_of_alerts(settings: Alerts) -> Iterator[str]:
    if settings.command and not os.access(shutil.which(settings.command[0]) or "", os.X_OK):
        yield f"alerts.command: {settings.command[0]} is not an executable program."
    if settings.user:
        try:
            pwd.getpwnam(settings.user)
        except KeyError:
            yield f"alerts.user: there is no user {settings.user}."

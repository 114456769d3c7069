"""TLS of the daemon. A renewed certificate is used for new connections without a restart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_node_agent.configuration.model import Tls

logger = logging.getLogger(__name__)


class TlsError(Exception):
    """The files of TLS cannot be used; its text is for the user."""


def server_credentials(settings: Tls) -> grpc.ServerCredentials:
    """Return credentials that follow the files of the certificate and its key.

    Raises:
        TlsError: a file cannot be read.
    """
    files = CertificateFiles(settings)
    return grpc.dynamic_ssl_server_credentials(
        files.read(),
        files.read_changed,  # type: ignore[arg-type] # None is allowed: grpc/src/python/grpcio/grpc/__init__.py
        require_client_authentication=settings.client_ca is not None,
    )


class CertificateFiles:
    """The files of the certificate, its key, and the authority of clients."""

    def __init__(self, settings: Tls) -> None:
        self._paths = [settings.key, settings.certificate, *([settings.client_ca] if settings.client_ca else [])]
        self._seen: list[int] = []

    def read(self) -> grpc.ServerCertificateConfiguration:
        """Return what is in the files now.

        Raises:
            TlsError: a file cannot be read.
        """
        self._seen = self._times()
        key, certificate, *authority = [_read(path) for path in self._paths]
        return grpc.ssl_server_certificate_configuration([(key, certificate)], authority[0] if authority else None)

    def read_changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return what is in the files if they have changed; gRPC asks before each handshake."""
        try:
            if self._times() == self._seen:
                return None
            changed = self.read()
        except TlsError as error:
            logger.warning("The certificate was not renewed: %s", error)
            return None
        logger.info("The certificate was read again")
        return changed

    def _times(self) -> list[int]:
        try:
            return [path.stat().st_mtime_ns for path in self._paths]
        except OSError as error:
            raise TlsError(f"{error.filename}: {error.strerror}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{path}: {error.strerror}. Name a PEM file that the daemon may read.") from None

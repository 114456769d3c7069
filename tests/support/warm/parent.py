"""The parent: imports everything, and forks a process for each order that comes in."""

from __future__ import annotations

import atexit
import contextlib
import gc
import marshal
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import distribution
from typing import Any, NoReturn, cast

from support.installed import SERVERS, environment_of, make_server

LARGEST = 2**18  # bytes of an order: an environment, mostly
LOADED_LATE = (  # what libraries import when something is served or asked
    "anyio._backends._asyncio",
    "mcp.client.stdio",
    "mcp.client.streamable_http",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
)
# A process whose client was killed dies as well; where coverage is measured it gets to write down its own.
ABANDONED = signal.SIGTERM if "COVERAGE_PROCESS_CONFIG" in os.environ else signal.SIGKILL


@dataclass
class Order:
    """What a process shall run, and where."""

    command: list[str]
    environment: dict[str, str]
    folder: str
    descriptors: list[int]


@dataclass
class Child:
    """A forked process, and whoever ordered it."""

    pid: int
    handle: int
    connection: socket.socket


class Parent:
    """Forks processes, hands signals on to them and tells how they ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        self._selector.register(listener, selectors.EVENT_READ)

    def next_order(self) -> Order | None:
        """Fork a process for each order. Returns the order in the child, and None in the parent when the tests end."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == 0:
                    for child in self._children:
                        os.kill(child.pid, signal.SIGKILL)
                    return None
                if key.fileobj is self._listener:
                    order = self._fork()
                    if order:
                        return order
                elif key.data in self._children:
                    self._hear(key.data, ended=key.fd == key.data.handle)

    def _fork(self) -> Order | None:
        connection, _ = self._listener.accept()
        text, descriptors, _, _ = socket.recv_fds(connection, LARGEST, 3)
        if not text:  # it was killed before it could order anything
            connection.close()
            return None
        pid = os.fork()
        if pid == 0:
            connection.close()
            self._close()
            command, environment, folder = cast("Any", marshal.loads(text))  # noqa: S302 - from a test of ours
            return Order(command, environment, folder, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        child = Child(pid, os.pidfd_open(pid), connection)
        self._children.append(child)
        self._selector.register(connection, selectors.EVENT_READ, child)
        self._selector.register(child.handle, selectors.EVENT_READ, child)
        return None

    def _hear(self, child: Child, *, ended: bool) -> None:
        if not ended:
            said = child.connection.recv(1)
            os.kill(child.pid, said[0] if said else ABANDONED)
            if not said:
                self._selector.unregister(child.connection)
            return
        status = os.waitpid(child.pid, 0)[1]
        with contextlib.suppress(OSError):  # whoever ordered it may be gone
            child.connection.send(status.to_bytes(4, "big"))
        self._children.remove(child)
        for file in (child.connection, child.handle):
            if file in self._selector.get_map():
                self._selector.unregister(file)
        child.connection.close()
        os.close(child.handle)

    def _close(self) -> None:
        """Leave a child nothing of this."""
        self._selector.close()
        self._listener.close()
        for child in self._children:
            child.connection.close()
            os.close(child.handle)


def import_everything() -> None:
    """Import all modules of the packages that have commands or servers, but those that are programs.

    Also makes each server once, so that the schemas of its tools are there.
    """
    # gRPC reads it when it is loaded; the servers set it before that, to write nothing of its own to standard error.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    points = distribution("drone-mcp").entry_points
    for package in sorted({point.value.partition(":")[0].partition(".")[0] for point in points}):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith(".__main__"):
                import_module(module.name)
    for name in LOADED_LATE:
        import_module(name)
    for name in SERVERS:
        make_server(name, environment_of(name))


def become(order: Order) -> None:
    """Be as a new interpreter would, but for what is loaded."""
    for target, descriptor in enumerate(order.descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)


def run(order: Order) -> int:
    """Run a module or code, and return the status that an interpreter would end with."""
    kind, what, *arguments = [part for part in order.command if part != "-P"]
    sys.argv = [what if kind == "-m" else "-c", *arguments]
    try:
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(what, {"__name__": "__main__"})  # noqa: S102 - as `python -c` does
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        sys.stderr.write(f"{error.code}\n")
        return 1
    except Exception:  # noqa: BLE001 - as an interpreter does
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def end(status: int) -> NoReturn:
    """End as the processes of `multiprocessing` do (CPython 3.11, `multiprocessing/popen_fork.py`).

    The rest of an interpreter's end would copy most of the memory that is shared with the parent: 80 of 85 ms.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # which `multiprocessing` calls, too
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or it is closed
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    import_everything()
    gc.freeze()  # spares the children copies of memory that nothing changes
    order = Parent(socket.socket(fileno=int(sys.argv[1]))).next_order()
    if order:
        become(order)
        end(run(order))

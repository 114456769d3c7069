"""A container that asks another one by its name, again and again, as the clients of a service in its network do."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.podman import PodmanHost

NAME: Final = "asker"
ASK: Final = """
ask() {
  while [ ! -e /tmp/end ]; do
    said=$(wget -q -O- "$1") && read -r now _ </proc/uptime && echo "$now $said" >>/tmp/answers
    usleep 20000
  done 2>>/tmp/faults
}
for _ in 1 2 3 4 5 6; do ask "$1" & done
wait
"""
# The name server of podman 4.3 loses what it is asked while it reads of a container that comes or goes
# (https://github.com/containers/aardvark-dns/issues/389), so whoever asks is one who asks again.
RESOLVER: Final = "nameserver {gateway}\noptions timeout:1 attempts:5\n"
NAME_UNKNOWN: Final = "wget: bad address"


@dataclass
class Heard:
    """What a container was told while it asked.

    Attributes:
        answers: the moment of each, and what was answered.
        faults: why others got none, although the name server knew the name.
    """

    answers: list[tuple[float, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def longest_silence(self) -> float:
        """The longest time between two answers, in seconds; a hundredth is the finest that is seen."""
        moments = sorted(moment for moment, _ in self.answers)
        return max(after - before for before, after in itertools.pairwise(moments))


@contextmanager
def asking(host: PodmanHost, network: str, url: str) -> Iterator[Heard]:
    """Ask from the first answer to the end of the block, and then tell what was heard."""
    heard = Heard()
    gateway = host.podman("network", "inspect", "--format", "{{range .Subnets}}{{.Gateway}}{{end}}", network)
    (host.srv / "resolv.conf").write_text(RESOLVER.format(gateway=gateway), encoding="ascii")
    command = ["run", "-d", f"--name={NAME}", f"--network={network}", "--volume=/srv/resolv.conf:/etc/resolv.conf:ro"]
    host.podman(*command, host.image("v1.0.0"), "sh", "-c", ASK, "sh", url)
    host.podman("exec", NAME, "sh", "-c", "until [ -s /tmp/answers ]; do sleep 0.1; done")
    yield heard
    answers = host.podman("exec", NAME, "cat", "/tmp/answers")  # noqa: S108 - the container's own
    faults = host.podman("exec", NAME, "cat", "/tmp/faults")  # noqa: S108 - as above
    host.podman("rm", "--force", "--time=0", NAME)
    for line in answers.splitlines():
        moment, _, answer = line.partition(" ")
        heard.answers.append((float(moment), answer))
    heard.faults += [line for line in faults.splitlines() if not line.startswith(NAME_UNKNOWN)]

"""What distilling costs: processor time over the pack, time and memory on logs that are made to be slow.

Every time stands beside that of a yardstick, which is fixed work of the same kind, taken in the same minute: on a
machine that is busy or slower than the one the limits were written for, both take longer, and the limits with them.
"""

from __future__ import annotations

import gc
import re
import statistics
import time
import tracemalloc
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from packs import log_text

from ci_mcp_logs.distill import distill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_mcp_logs.log_text import LogText

YARD = 0.022  # seconds of processor time of the yardstick on a quiet 2-core x86_64 machine with Debian's Python 3.11
BATCH = 20  # logs between two looks at the yardstick
ROUNDS = 3  # over all logs
LEAST_SPEED = 60  # MB/s
MOST_TIME = 0.06  # seconds for a log of 5 MiB
MOST_TIME_BESIDE = 0.15  # seconds for one beside a good log as long
TRIES = 4
MOST_MEMORY = 4  # times the size of the logs
SIZE = 5 << 20
_YARD_LINES = [f"{n} src/file_{n % 977}.c: note: compiled with -O{n % 4}" for n in range(20_000)]


def cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def yardstick() -> None:
    """Fixed work on lines: split, look up, match, sort."""
    seen: dict[bytes, int] = {}
    for line in "\n".join(_YARD_LINES).encode().split(b"\n"):
        for word in line.lower().split():
            seen[word] = seen.get(word, 0) + len(word)
    sorted(filter(re.compile(r"file_\d*7\.c").search, _YARD_LINES), key=len)


def slowdown() -> float:
    """How many times longer than on the machine of the limits things take just now; never less than 1."""
    return max(1.0, cpu(yardstick) / YARD)


def speed(logs: list[LogText]) -> bool:
    """Print megabytes a second over some logs, the middle of some rounds."""
    distill(log_text("error"))  # what is loaded once does not count
    gc.collect()
    gc.freeze()  # nor what this program holds: packs, five more models and the profiles of their lines
    rounds = sorted(_round(logs) for _ in range(ROUNDS))
    meant, seen = rounds[ROUNDS // 2]
    print(f"speed  {seen:.0f} MB/s, {meant:.0f} but for a machine {meant / seen:.1f} x as slow as meant")
    return meant >= LEAST_SPEED


def _round(logs: list[LogText]) -> tuple[float, float]:
    """Megabytes a second as on the machine of the limits and as seen; the yardstick is taken in between all along."""
    took, slower = 0.0, []
    for start in range(0, len(logs), BATCH):
        slower.append(slowdown())
        batch = [replace(text) for text in logs[start : start + BATCH]]  # without what was kept of the last round
        took += cpu(partial(list, map(distill, batch)))
    seen = sum(text.size for text in logs) / 1e6 / took
    return seen * statistics.fmean(slower), seen


def hostile() -> Iterator[tuple[str, str]]:
    """Logs of 5 MiB that try to make the distiller slow."""
    yield (
        "ordinary lines",
        "".join(f"line {n} of quite an ordinary build log, compiling src/file_{n}.c\n" for n in range(75_000)),
    )
    yield (
        "errors only",
        "".join(f"src/file_{n}.c:{n}:7: error: expected ';' before '}}' token\n" for n in range(85_000)),
    )
    yield "one line", "error " * (SIZE // 6)
    yield "empty lines", "\n" * 1_000_000
    yield "parentheses", "(" * SIZE
    yield "parenthesis lines", "(((((\n" * (SIZE // 6)
    yield "escapes", "\x1b[31m\x1b[1merror\x1b[0m\n" * (SIZE // 18)
    yield "unfinished escapes", "\x1b[" * (SIZE // 2)
    yield "progress", "\r".join(f"downloading {n}%" for n in range(300_000))
    yield "surrogates", "\udcff failed\n" * (SIZE // 10)
    yield "zero bytes", "\0" * SIZE
    yield "dots", ("." * 79 + "\n") * (SIZE // 80)
    yield "digits", "0" * SIZE
    yield "hashes", "".join(f"pulled {n * 0x9E3779B97F4A7C15 % 2**64:016x} from cache\n" for n in range(150_000))
    yield "nearly hashes", ("0" * 399 + "g 0123456789abcdef\n") * (SIZE // 418)
    yield "words", "".join(f"{chr(97 + n % 26) * (n // 2600 + 1)} {'z' * (n % 100)}\n" for n in range(70_000))


def fuzz() -> bool:
    """Print time and memory of every hostile log alone, with a good log like it, and with a good log of other work.

    `read` is the time to turn the log's lines into what a terminal shows. Every tool needs that, so it is not counted.
    """
    fine = True
    for name, log in hostile():
        goods = {"alone": None, "like it": log[: len(log) // 2] + "\ndone\n" + log[len(log) // 2 :], "other": _OTHER}
        began = time.process_time()
        text = log_text(log)
        read = time.process_time() - began
        figures = [_costs(text, log_text(good) if good else None) for good in goods.values()]
        limits = (MOST_TIME, MOST_TIME_BESIDE, MOST_TIME_BESIDE)
        fine = fine and all(took <= most for (took, _), most in zip(figures, limits, strict=True))
        fine = fine and all(memory <= MOST_MEMORY for _, memory in figures)
        cells = (
            f"{kind} {took * 1000:4.0f} ms {memory:.1f} x" for kind, (took, memory) in zip(goods, figures, strict=True)
        )
        print(f"  {name:20} {len(log) / 2**20:4.1f} MiB  read {read * 1000:4.0f} ms  {'  '.join(cells)}", flush=True)
    return fine


_OTHER = "".join(f"{n * 0x9E3779B97F4A7C15 % 2**64:016x} {'tested' * (n % 12)}\n" for n in range(98_000))


def _costs(text: LogText, good: LogText | None) -> tuple[float, float]:
    """Seconds, as on the machine of the limits, and memory in sizes of the logs."""

    def work() -> None:
        distill(replace(text), good=replace(good) if good else None)

    took = min(cpu(work) / slowdown() for _ in range(TRIES))
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return took, peak / (text.size + (good.size if good else 0))

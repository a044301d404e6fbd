"""Run contestants in turns and compare them.

Before each turn the outputs of the last one are removed, dirty pages are flushed, and the inputs are read. So all
contestants start alike: with an empty target, an idle disk, and a memory that is full of cached files, as on any
machine in use. Otherwise the first use of free memory would be measured, too. On a virtual machine that returns free
memory to its host, that is four times as slow as the disk.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FREE = 4_000_000_000
"""Bytes of memory that are left to the system and to the contestant."""
SMALL = 100_000_000
"""For fewer bytes of inputs, the state of the memory makes no difference."""
LAUNCHER = Path(__file__).with_name("launcher.py")
REPOSITORY = LAUNCHER.parent.parent


@dataclass(frozen=True)
class Contestant:
    """A command, and how to get ready for it."""

    command: Sequence[object]
    prepare: Callable[[], object] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = REPOSITORY
    check: Callable[[], object] = lambda: None
    """Checks the result. Its time does not count."""


@dataclass(frozen=True)
class Run:
    """What one turn took."""

    seconds: float
    """Wall time. If the program measures itself with `clock.timed`, the start of the interpreter is left out."""
    cpu: float
    """Seconds of CPU of the process and its children."""
    memory: int
    """Bytes at the peak of the largest of its processes."""
    read: int
    written: int
    """Bytes that system calls read from and wrote to files, on the disk or in the page cache."""
    output: str


def run(contestant: Contestant, inputs: Sequence[Path] = ()) -> Run:
    """Make everything ready and run a contestant once. Raises RuntimeError with its output if it fails."""
    contestant.prepare()
    os.sync()
    _fill_memory(inputs)
    command = [sys.executable, "-I", LAUNCHER, *contestant.command]
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Without a buffer, the lines of two programs that run at a time could mix.
        env={**os.environ, "PYTHONUNBUFFERED": "", "PYTHONPATH": str(REPOSITORY), **contestant.environment},
        cwd=contestant.folder,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}")
    contestant.check()
    *lines, last = done.stdout.splitlines()
    figures = json.loads(last)
    own = [json.loads(line)["work"] for line in lines if line.startswith('{"work":')]
    figures["seconds"] = sum(own) if own else figures["seconds"]
    return Run(**figures, output=done.stdout)


def _fill_memory(inputs: Sequence[Path]) -> None:
    """Fill the page cache with a file of zeros, and then with the inputs."""
    size = sum(file.stat().st_size for file in inputs)
    if size < SMALL:
        return
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    room = memory - FREE - size
    zeros = inputs[0].parent / "zeros"  # without a block on the disk, but with pages in memory when it is read
    with zeros.open("ab") as file:
        file.truncate(memory)
    subprocess.run(["head", "-c", str(max(0, room)), zeros], stdout=subprocess.DEVNULL, check=True)
    subprocess.run(["cat", *inputs], stdout=subprocess.DEVNULL, check=True)


def compare(contestants: Mapping[str, Contestant], rounds: int, inputs: Sequence[Path] = ()) -> dict[str, list[Run]]:
    """Run all contestants in turns, `rounds` times each, and return their runs."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:  # so that none is always the first
            runs[name].append(run(contestants[name], inputs))
            print(f"  {number + 1}/{rounds} {name}: {runs[name][-1].seconds:.2f} s", flush=True)
    return runs


class Rounds:
    """Compares contestants again and again, and keeps the memory that ours took each time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.memory: dict[str, int] = {}

    def __call__(self, name: str, files: Sequence[Path], **contestants: Contestant) -> dict[str, list[Run]]:
        """Return the runs of all contestants, one of which is `ours`."""
        print(name, flush=True)
        runs = compare(contestants, self._count, files)
        self.memory[name] = max(each.memory for each in runs["ours"])
        return runs


def median(runs: Sequence[Run], figure: str = "seconds") -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(each, figure) for each in runs)


def ratio(runs: Sequence[Run], others: Sequence[Run], figure: str = "seconds") -> float:
    """Return the median of the ratios of the runs that were neighbours in time: what slows one slows the other."""
    return statistics.median(getattr(a, figure) / getattr(b, figure) for a, b in zip(runs, others, strict=True))


def spread(runs: Sequence[Run], others: Sequence[Run], figure: str = "seconds") -> tuple[float, float]:
    """Return the smallest and the largest of these ratios."""
    ratios = [getattr(a, figure) / getattr(b, figure) for a, b in zip(runs, others, strict=True)]
    return min(ratios), max(ratios)

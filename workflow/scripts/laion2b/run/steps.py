"""How far the jobs of a run are: the files that they leave say it, and the notes in their logs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from laion2b import logs, names
from laion2b.logs import RuleName

from . import headway
from .plan import PRODUCTS, Job, of_rules


@dataclass(frozen=True)
class Step:
    """How far the jobs of one kind are."""

    total: int
    """Jobs, with those that were done before."""
    done: float
    """Jobs that are done. A search that is at work counts as a fraction."""
    is_begun: bool
    """A job of this run has started."""


@dataclass(frozen=True)
class Copy:
    """How far the concatenations of a run are, in bytes."""

    total: int | None
    """None as long as there is neither a shard nor a part to estimate it from."""
    done: int
    is_begun: bool


def of_subsets(parts: Sequence[int], subsets: Sequence[int], name: str = names.NAME) -> list[Job]:
    """Return the jobs that lead to the products of these subsets of a name, without asking Snakemake.

    Searches are among them if one is at work in the current directory.
    """
    numbers = list(map(names.number, parts))
    made = [(RuleName.FILTER, part, names.shard_record(part)) for part in numbers]
    for last in subsets:
        made += [(rule, str(last), file) for rule, file in zip(PRODUCTS, names.products(last, name), strict=True)]
    if any(Path(f"{names.result(part)}{names.TEMPORARY}").exists() for part in numbers):
        made += [(RuleName.SEARCH, part, names.record_of_result(names.result(part))) for part in numbers]
    return [Job(rule, (Path(file),), (Path(logs.log(rule, name)),)) for rule, name, file in made]


class Jobs:
    """Looks at the jobs of a run again and again. A job that is done is not looked at again.

    The last output of a job is the one that it writes last. An output that exists before its job has run is made again:
    it counts when it has changed. The times of files are only compared with each other, because the clock of a file
    server may differ.
    """

    def __init__(
        self, planned: Sequence[Job], finished: Sequence[Job], before: Mapping[Path, int], *, is_virtual: bool
    ) -> None:
        """`planned` are the jobs that the run has to do, and `finished` those that were done before it.

        Jobs without a log do nothing, and are left out. `before` is the state of the logs when the run began
        (`outcome.snapshot`). With `is_virtual`, embeddings are not concatenated, only pointed to, so nothing is counted
        of them.
        """
        self._planned, self._finished = ([job for job in jobs if job.logs] for jobs in (planned, finished))
        self._rules = [PRODUCTS[1]] if is_virtual else PRODUCTS
        self._open = list(self._planned)
        self._before = dict(before)
        self._before |= {output: time for job in self._open if (time := _time(output := job.outputs[-1])) is not None}
        self._names: dict[Path, set[str]] = {}

    @classmethod
    def of_folder(
        cls, parts: Sequence[int], subsets: Sequence[int], *, is_virtual: bool, name: str = names.NAME
    ) -> "Jobs":
        """Return the jobs that lead to the products of these subsets, as they are in the current directory."""
        jobs = of_subsets(parts, subsets, name)
        finished = [job for job in jobs if job.outputs[-1].exists()]
        return cls([job for job in jobs if job not in finished], finished, {}, is_virtual=is_virtual)

    def look(self) -> None:
        """Learn which jobs are done by now. Raises OSError if the folders may not be read."""
        self._names = {}
        self._open = [job for job in self._open if not self._is_new(job.outputs[-1])]

    def whole(self) -> Step:
        """Return how many of the jobs that the run has to do are done."""
        return Step(len(self._planned), len(self._planned) - len(self._open), is_begun=True)

    def step(self, rule: str) -> Step | None:
        """Return how far the jobs of a rule are; None if the run has none of them to do."""
        planned, waiting = of_rules(self._planned, rule), of_rules(self._open, rule)
        if not planned:
            return None
        at_work = [job for job in waiting if self._is_new(job.logs[0])]
        fractions = 0.0
        for job in at_work if rule == RuleName.SEARCH else ():
            done, total = headway.read(job.logs[0]) or (0, 1)
            fractions += done / total
        total = len(planned) + len(of_rules(self._finished, rule))
        return Step(total, total - len(waiting) + fractions, bool(at_work) or len(waiting) < len(planned))

    def copy(self, sizes_of_parts: Mapping[str, int]) -> Copy | None:
        """Return how far the concatenations are; None if the run has none to do.

        Before there is a shard, shards are taken to be as large as these mean sizes of the files of parts, by product.
        """
        looks = [self._copied(job, sizes_of_parts) for job in of_rules(self._planned, *self._rules)]
        if not looks:
            return None
        known = [total for _, total, _ in looks if total is not None]
        total = sum(known) if len(known) == len(looks) else None
        return Copy(total, sum(done for done, _, _ in looks), any(is_begun for _, _, is_begun in looks))

    def _copied(self, job: Job, sizes_of_parts: Mapping[str, int]) -> tuple[int, int | None, bool]:
        """Return the bytes that a concatenation has written, all that it will write, and whether it has begun."""
        if job not in self._open:
            size = job.outputs[-1].stat().st_size
            return size, size, True
        if self._is_new(job.logs[0]):
            return *(headway.read(job.logs[0]) or (0, self._expected(job, sizes_of_parts))), True
        return 0, self._expected(job, sizes_of_parts), False

    def _expected(self, job: Job, sizes_of_parts: Mapping[str, int]) -> int | None:
        """Return the bytes of a product, as its shards are so far; None if nothing is known."""
        last, ending = int(job.logs[0].stem), job.outputs[-1].suffix
        filters = of_rules([*self._planned, *self._finished], RuleName.FILTER)
        parts = sum(int(each.logs[0].stem) <= last for each in filters)
        sizes = _sizes(Path(names.SHARDS), ending)
        size = sum(sizes) // len(sizes) if sizes else sizes_of_parts.get(ending)
        return size and size * parts

    def _is_new(self, file: Path) -> bool:
        """Tell whether a file exists, and is not the one that was there before the run."""
        if file.parent not in self._names:
            self._names[file.parent] = _list(file.parent)
        if file.name not in self._names[file.parent]:
            return False
        return (time := _time(file)) is not None and self._before.get(file) != time


def _list(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        return set()


def _sizes(folder: Path, ending: str) -> list[int]:
    sizes = []
    for name in _list(folder):
        with suppress(FileNotFoundError):  # a job has renamed it since
            if name.endswith(ending):
                sizes.append((folder / name).stat().st_size)
    return sizes


def _time(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None

"""Tables: collected in results.json, written to RESULTS.md."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import Run, median, ratio, spread

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"
COMPARISON = ["what", "against", "ratio", "from .. to", "target", "", "seconds", "of the other"]
TABLES = (
    "steps",
    "memory",
    "builds",
    "growth",
    "overhead",
    "downloads",
    "bytes",
    "peak",
    "reading",
    "neighbors",
    "merging",
    "kept",
    "exports",
    "exports_memory",
)
"""In the order of the page."""
PACKAGES = ("snakemake", "numpy", "pyarrow", "h5py", "xxhash")


@dataclass
class Table:
    """A table as it is printed: a title, the columns' names, rows of text, and a note below."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    note: str = ""

    def lines(self) -> list[str]:
        """Return the table in Markdown."""
        rows = [self.columns, ["---"] * len(self.columns), *self.rows]
        return [f"## {self.title}", "", *("| " + " | ".join(row) + " |" for row in rows), "", self.note, ""]


def at_most(what: str, against: str, runs: Sequence[Run], others: Sequence[Run], limit: float | None) -> list[str]:
    """Return the row of a comparison: how many times as long as the others the runs took."""
    found, (low, high) = ratio(runs, others), spread(runs, others)
    target = ["<= " + f"{limit:g} x", verdict(found <= limit)] if limit else ["", ""]
    return _row(what, against, found, low, high, target, runs, others)


def times_faster(what: str, against: str, runs: Sequence[Run], others: Sequence[Run], least: float) -> list[str]:
    """Return the row of a comparison: how many times as long as the runs the others took."""
    found, (low, high) = ratio(others, runs), spread(others, runs)
    return _row(what, against, found, low, high, [f">= {least:g} x as fast", verdict(found >= least)], runs, others)


def _row(what, against, found, low, high, target, runs, others) -> list[str]:
    seconds = [f"{median(each):.2f}" for each in (runs, others)]
    return [what, against, f"**{found:.2f} x**", f"{low:.2f} .. {high:.2f}", *target, *seconds]


def verdict(is_met: bool) -> str:
    """Return the word for a target that is met, or is not."""
    return "met" if is_met else "**missed**"


def megabytes(size: float) -> str:
    """Return a size in MB."""
    return f"{size / 1e6:,.0f} MB"


def save(tables: Mapping[str, Table], folder: Path) -> None:
    """Replace older tables in the results by those that were measured in a folder, and write the page."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results |= {name: {"machine": machine(folder), "table": asdict(table)} for name, table in tables.items()}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(results))


def page(results: Mapping) -> str:
    """Return RESULTS.md."""
    lines = [
        "# Results of the benchmarks",
        "",
        "`make benchmarks` writes this page, so don't edit it. Machines differ, and times vary from run to run. So",
        "each figure is a ratio against something that was measured in turns with it: the median of the ratios of",
        "neighbouring runs. Inputs are in the page cache, and another file fills the rest of the memory. Targets are",
        "new. All sides wait until their files are on the disk.",
        "",
    ]
    place = None
    for name in TABLES:
        if name in results:
            if results[name]["machine"] != place:
                place = results[name]["machine"]
                lines += [f"Measured on {place}.", ""]
            lines += Table(**results[name]["table"]).lines()
    return "\n".join(lines).rstrip() + "\n"


def machine(folder: Path) -> str:
    """Describe the machine, the disk of a folder, and the software, without names."""
    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    memory = Path("/proc/meminfo").read_text().split()[1]
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    mounts = {words[1]: words[2] for words in map(str.split, Path("/proc/mounts").read_text().splitlines())}
    system = next(mounts[str(place)] for place in (folder, *folder.parents) if str(place) in mounts)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    model = next(text.strip() for name, text in facts.items() if name.startswith("model name"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {cores} cores ({model}), {int(memory) / 2**20:.0f} GiB of memory, {system}, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}, {packages}"
    )

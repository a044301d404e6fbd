"""What a run will do, and the disk that it needs: before it starts, or told by Snakemake's dry run."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import configuration, mirrors, preflight, space
from .errors import ConfigError

JOBS = re.compile(r"^Job stats:\n(.*?)\n\n", re.DOTALL | re.MULTILINE)
OUTPUT = re.compile(r"^    output: (.+)$", re.MULTILINE)


def dry_run(snakefile: Path, targets: Sequence[str]) -> tuple[str, list[Path]]:
    """Return Snakemake's table of the jobs of a run in the current directory, and the files that they would write.

    Raises ConfigError, with Snakemake's words, if the run would not start.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--dry-run", "--nocolor", *targets]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"The next run would not start. Snakemake says:\n{done.stdout.strip()}")
    jobs = JOBS.search(done.stdout)
    outputs = [Path(file) for line in OUTPUT.findall(done.stdout) for file in line.split(", ")]
    return jobs[1] if jobs else "", outputs


def disk(outputs: Sequence[Path], settings: Mapping, at_once: int, warn: Callable[[str], None]) -> str:
    """Return the sentence on the disk that a run needs to write these files, `at_once` parts at a time.

    The first missing part's size is asked of its mirror, if none is there; `warn` hears if no mirror tells. Raises
    SpaceError if the disk is too small.
    """
    by_folder: dict[str, list[Path]] = {"parts": [], "shards": [], "": []}
    for file in outputs:
        by_folder[file.parent.name].append(file)
    addresses = {file: _addresses(file, settings) for file in by_folder["parts"]}
    products = {file: _shards(file, settings) for file in by_folder[""] if file.suffix in (".h5", ".tsv")}
    copied = settings["layout"] == "contiguous"
    plan = space.Plan(
        downloads={file: not preflight.is_linked(urls) for file, urls in addresses.items()},
        shards=by_folder["shards"],
        embeddings={file: shards for file, shards in products.items() if file.suffix == ".h5" and copied},
        metadata={file: shards for file, shards in products.items() if file.suffix == ".tsv"},
    )
    part = space.typical_part(Path("parts"), settings["dimensions"], preflight.asker(addresses, warn))
    needed = space.need(plan, part, keep_parts=settings["keep_parts"], at_once=at_once)
    return space.check(needed, {"parts": Path("parts"), "shards": Path("shards"), "products": Path()}, settings)


def _addresses(file: Path, settings: Mapping) -> list[str]:
    stem, _, part = file.stem.rpartition("_")
    return mirrors.addresses(settings["mirrors"], stem, int(part))


def _shards(product: Path, settings: Mapping) -> int:
    return len(configuration.parts(int(product.stem.rpartition("-")[2]), settings["first_part"]))

"""Runs the real workflow, as a process, the way a user does."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import yaml

from mirror.synthetic import templates
from tests.support import reference, starter

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Work:
    """A working directory with a config.yaml, in which snakemake is run."""

    folder: Path

    def configure(self, *mirrors: str | Path, **keys: object) -> None:
        """Write config.yaml. Time-outs are short, because faults in tests are meant."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"mirrors": [templates(mirror) for mirror in mirrors], "timeout": 5, "attempts": 3, "patience": 0.001}
        content |= keys
        (self.folder / "config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def command(self, *arguments: str, repository: Path = REPOSITORY) -> list[str]:
        """Return the command line that runs the workflow in this folder; a cluster's profile says how many jobs."""
        cores = () if "--workflow-profile" in arguments else ("--cores", "4")
        return [sys.executable, "-m", "snakemake", "-s", str(repository / "Snakefile"), *cores, *arguments]

    def run(
        self,
        *arguments: str,
        ok: bool = True,
        environment: Mapping[str, str] | None = None,
        repository: Path = REPOSITORY,
    ) -> str:
        """Run the workflow and return what it printed, after a check that it succeeded, or failed, as expected."""
        command = self.command(*arguments, repository=repository)[3:]
        status, output = starter.run(command, self.folder, {**os.environ, **(environment or {})})
        assert (status == 0) == ok, output
        return output

    def status(self, *arguments: str) -> list[str]:
        """Return the command line that says what stands in this folder."""
        return [
            sys.executable,
            str(REPOSITORY / "workflow" / "scripts" / "laion2b"),
            "status",
            *arguments,
            str(self.folder),
        ]

    def told(self, *arguments: str) -> str:
        """Return what the command `status` prints, and nothing but that: its standard error has to be empty."""
        done = subprocess.run(self.status(*arguments), capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen:
        """Start the workflow in a process group of its own."""
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def jobs(self, output: str) -> dict[str, int]:
        """Return how many jobs of each rule a run or a dry run announced."""
        table = output.partition("Job stats:")[2].partition("total")[0].splitlines()
        return {words[0]: int(words[1]) for words in map(str.split, table) if len(words) == 2 and words[1].isdigit()}

    def embeddings(self, last: int) -> np.ndarray:
        """Return the dataset of a product."""
        with h5py.File(self.folder / f"laion2B-{last}.h5") as file:
            return file["emb"][:]

    def check_products(self, mirror: Path, last: int, first: int = 1) -> None:
        """Compare both products of a subset, to the bit, with the slow reference."""
        matrix, text = reference.subset(mirror, range(first, last + 1))
        assert self.embeddings(last).tobytes() == matrix.tobytes()
        assert (self.folder / f"metadata-{last}.tsv").read_bytes() == text

    def record(self, name: str) -> dict:
        """Return the record of a part's file."""
        return json.loads((self.folder / "parts" / f"{name}.json").read_text())


def files_of_repository() -> list[Path]:
    """Return what a clone of the repository would hold, changes included: not what was installed or built in it."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\0")
    return [file for file in (REPOSITORY / name for name in names if name) if file.is_file()]


def copy_repository(target: Path) -> Path:
    """Copy what a clone of the repository would hold, and return the copy."""
    for file in files_of_repository():
        copy = target / file.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
    return target


def kill_group(process: subprocess.Popen) -> None:
    """Kill a process and all its descendants, as a power failure would."""
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition: Callable[[], bool], *, pause: float = 0.01, seconds: float = 600) -> None:
    """Return when the condition holds, which is looked at after each pause; fail if it does not within the time.

    What holds is not waited for, so the limit may be long: a machine of CI can be several times as slow as one's own.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(pause)


def products(last: int) -> Sequence[str]:
    """Return the two targets of a subset."""
    return f"laion2B-{last}.h5", f"metadata-{last}.tsv"

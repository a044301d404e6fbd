"""Every command in README.md and docs/ is one that works: as a dry run, or as far as its arguments are parsed."""

import os
import re
import shlex
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laion2b import cli
from tests.support import starter
from tests.support.harness import REPOSITORY, Work
from tests.support.reference import COLUMNS

NOT_RUN = {
    "tmux new -s laion": "it needs a terminal",
    "snakemake --report run.html": "it needs a run that has ended",
    "apptainer build envs/container.sif envs/container.def": "it fetches an image",
    "laion2b COMMAND": "it means any of them",
    "snakemake --cores 1 regroup": "tests/workflow/test_forms.py runs it",
    "snakemake --cores 4 holidays-3.h5 metadata-3.tsv gold-3.h5": "tests/workflow/test_recipes.py runs it",
    "snakemake --cores 4 cleaned-2.h5 metadata-2.tsv": "tests/workflow/test_recipes.py runs it",
    "snakemake --cores 2 clickhouse-2.h5 metadata-2.tsv": "tests/workflow/test_recipes.py runs it",
    "snakemake --cores 4 laion2B_similar-2.h5 metadata-2.tsv": "tests/workflow/test_recipes.py runs it",
}
"""What can't be tried here, and why. All else is."""
LIBRARY = r"(?:\.venv/bin/)?python3? workflow/scripts/laion2b|bin/laion2b"
COMMAND = re.compile(
    rf"(?:(?:\.venv/bin/)?(?P<snakemake>snakemake)|(?P<laion2b>{LIBRARY})|(?P<make>make))(?P<rest>(?: .*)?)"
)
WITHOUT_TARGET = ("--keep-going",)
"""A flag that changes nothing, for commands with neither flags nor targets."""
DEFAULT = ("subsets", "all")
"""The rules that are asked for where a command names no target."""


def documented() -> dict[str, str]:
    """Return each command, without comment and path of its program, and the page that has it."""
    found = {}
    for page in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))):
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^ *```(?:sh|bash|console)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
        lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]
        prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
        inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
        lines += [code for code in inline if (match := COMMAND.fullmatch(code)) and match["rest"]]
        for line in lines:
            words = shlex.split(line, comments=True)
            if words:
                found.setdefault(shortened(shlex.join(words)), page.name)
    return found


def shortened(command: str) -> str:
    """Return a command without the path of its program."""
    if not (match := COMMAND.fullmatch(command)):
        return command
    (program,) = (name for name in ("snakemake", "laion2b", "make") if match[name])
    return program + match["rest"]


COMMANDS = documented()


def of(program: str) -> list[list[str]]:
    """Return the arguments of each command of a program."""
    return [shlex.split(each)[1:] for each in COMMANDS if each.split()[0] == program and each not in NOT_RUN]


def test_no_command_is_left_out():
    unknown = {command for command in COMMANDS if command.split()[0] not in ("snakemake", "laion2b", "make")}
    assert unknown <= NOT_RUN.keys(), "say in NOT_RUN why these can't be tried"
    assert of("snakemake")
    assert of("laion2b")
    assert of("make")


@pytest.fixture
def built(tmp_path) -> Work:
    """Return a working directory that looks as if the subsets 11 and 33 had been built in it.

    A dry run looks at names only, but for the metadata of parts, which `keep` and `columns` have to fit.
    """
    work = Work(tmp_path)
    numbers = [f"{number:04d}" for number in range(1, 34)]
    parts = [f"parts/{name}" for part in numbers for name in (f"img_emb_{part}.npy", f"metadata_{part}.parquet")]
    shards = [f"shards/{part}.{ending}" for part in numbers for ending in ("h5", "tsv", "json")]
    described = ["laion2B-33.json", "croissant-33.json", "SHA256SUMS-33", "verify-33.json"]
    built = [
        f"{kind}-{last}.{ending}" for last in (11, 33) for kind, ending in (("laion2B", "h5"), ("metadata", "tsv"))
    ]
    for name in (*parts, *shards, *built, *described):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for part in numbers:
        pq.write_table(pa.table({column: ["x"] for column in COLUMNS}), tmp_path / f"parts/metadata_{part}.parquet")
    return work


def grouped() -> dict[tuple[str, ...], list[str]]:
    """Return the targets of all commands by their flags, so that one dry run serves all with the same flags."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for words in of("snakemake"):
        targets = [word for word in words if re.fullmatch(r"[\w./-]+\.(h5|tsv|json|html)", word)]
        plain = tuple(re.sub(r"(--cores \d+|--directory \S+) ?", "", " ".join(words)).split())  # given below
        # The place of a target matters where there are flags, which may swallow it.
        flags = () if targets and set(plain) == set(targets) else plain or WITHOUT_TARGET
        groups.setdefault(flags, []).extend(targets)
    return groups


@pytest.mark.parametrize("flags", grouped(), ids=" ".join)
def test_snakemake(built, flags):
    targets = list(dict.fromkeys(grouped()[flags]))
    arguments = flags or targets
    options = ["--directory", str(built.folder), *(["--dry-run"] if "--unlock" not in flags else [])]
    status, printed = starter.run([*options, "--cores", "2", *arguments], REPOSITORY, os.environ)
    assert status == 0, printed
    if targets:
        assert not built.jobs(printed).keys() & set(DEFAULT), "a flag took the target for its own argument"


@pytest.mark.parametrize("words", of("laion2b"), ids=" ".join)
def test_laion2b(words):
    words = words[: words.index(">")] if ">" in words else words
    assert callable(cli._parser().parse_args(words).run)


@pytest.mark.parametrize("words", of("make"), ids=" ".join)
def test_make(words):
    subprocess.run(["make", "--dry-run", *words], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)

"""Starts runs of Snakemake that need not import it: the import takes a second of each, and most of all time of the tests.

`python -m tests.support.starter` imports Snakemake, and forks once for each run that it is asked for. The fork is a process
of its own, with the arguments, the folder and the environment of `python -m snakemake`, and from there on it does the same.
It has imported nothing of this repository. `Work.start`, the command `status --next` and the demo start
`python -m snakemake` itself.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 900
"""After which a run is killed. On a slow machine, Slurm takes minutes."""


@cache
def _starter() -> subprocess.Popen:
    """Return the process that has imported Snakemake. It ends when its standard input does."""
    command = [sys.executable, "-m", "tests.support.starter"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run Snakemake with these arguments, and return its exit status (negative: the signal) and all that it printed."""
    starter = _starter()
    assert starter.stdin
    assert starter.stdout
    with tempfile.NamedTemporaryFile() as output:
        asked = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), "output": output.name}
        print(json.dumps(asked), file=starter.stdin, flush=True)
        status = int(starter.stdout.readline())
        return status, output.read().decode()


def _become(asked: dict) -> None:
    """Turn this process into the run that is asked for."""
    signal.alarm(SECONDS)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(asked["output"], os.O_WRONLY | os.O_APPEND)
    for old, new in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(old, new)
    sys.argv = [sys.modules["snakemake"].__path__[0] + "/__main__.py", *asked["arguments"]]
    sys.path[0] = str(Path.cwd())  # as `python -m` has it


def main() -> None:
    """Fork for each line of the standard input, and print the exit status when the run has ended."""
    import jsonschema  # noqa: F401 - each run imports it
    import smart_open  # noqa: F401 - and this
    from snakemake import cli

    cli.get_argument_parser()  # imports the plugins
    gc.freeze()  # so that a fork, which looks through what it made, leaves this alone
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become(json.loads(line))
            cli.main()
            sys.exit(1)  # Snakemake ends by itself
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()

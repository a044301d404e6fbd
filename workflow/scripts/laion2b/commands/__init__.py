"""The commands, one module each: `add` declares its options, `run` does what they say.

The first line of a module's docstring is what `--help` says. A module is loaded at each start, whatever the command
is. So what takes time to load is imported in `run`.
"""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]
"""The folder of the workflow, with its Snakefile and its configuration."""

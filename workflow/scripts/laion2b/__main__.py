"""Run the command line: `python workflow/scripts/laion2b COMMAND`, with nothing installed."""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)


class WithoutPandas:
    """Hides pandas, which Arrow loads, where it is installed, at the first value it converts, in case it is one of its.

    None is here, and loading it takes as long as everything else that a job does before it begins.
    """

    def find_spec(self, name: str, *_: object) -> None:  # noqa: D102 - of importlib.abc.MetaPathFinder
        if name == "pandas":
            raise ImportError


sys.meta_path.insert(0, WithoutPandas())

from laion2b.cli import main  # noqa: E402 - needs what stands above

sys.exit(main())

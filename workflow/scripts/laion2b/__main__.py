"""Run the command line: `python workflow/scripts/laion2b COMMAND`, with nothing installed."""

import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from laion2b.cli import main

sys.exit(main())

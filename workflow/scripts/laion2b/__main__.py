"""Run the command line: `python workflow/scripts/laion2b COMMAND`, with nothing installed."""

import os
import sys
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

# NumPy starts threads that nothing here uses, which takes a tenth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from laion2b.cli import main

sys.exit(main())

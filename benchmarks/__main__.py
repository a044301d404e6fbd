"""Run the benchmarks and write RESULTS.md."""

import argparse
import importlib
from pathlib import Path

from benchmarks import report

TABLES = ("steps", "builds", "growth", "overhead", "downloads", "disk", "reading", "neighbors", "merging", "exports")


def main() -> None:
    """Run the chosen benchmarks, print their tables, and save them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="which to run (default: all)")
    parser.add_argument("--folder", type=Path, default=Path(".benchmarks"), help="takes about 60 GB while they run")
    parser.add_argument(
        "--peers", type=Path, required=True, help="the Python that has benchmarks/peers/requirements.lock"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="of a part of full size")
    parser.add_argument("--build-rows", type=int, default=500_000, help="of a part in whole builds")
    parser.add_argument("--disk-rows", type=int, default=100_000, help="of a part where only bytes are counted")
    parser.add_argument("--queries", type=int, default=10_000, help="of a search")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=5, help="against the row-by-row port")
    parser.add_argument("--dry", action="store_true", help="print, but don't change RESULTS.md")
    options = parser.parse_args()
    options.folder = options.folder.absolute()
    options.peers = options.peers.absolute()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.tables or TABLES:
        tables = importlib.import_module(f"benchmarks.{name}").measure(options)
        for table in tables.values():
            print("\n".join(table.lines()), flush=True)
        if not options.dry:
            report.save(tables, options.folder)


if __name__ == "__main__":
    main()

"""Measure times, memory and bytes. Each figure is a ratio against something that was measured in the same run.

`python -m benchmarks` measures and writes RESULTS.md. `make benchmarks` sets up what it needs first.

- `measure` runs commands in turns and takes their time, memory and bytes. `launcher` is the small process between.
- `inputs` makes parts and shards of full size. `jobs` has single steps of the workflow as commands of their own.
- One module for each table: `steps`, `builds`, `growth`, `disk`, `overhead`, `downloads`, `reading`,
  `neighbors`, `exports`.
- `report` writes the tables. `peers` has other programs for the same job.
"""

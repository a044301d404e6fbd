"""How fast, how large, how many bytes: each figure a ratio against something measured in the same run.

`python -m benchmarks` measures and writes RESULTS.md; `make benchmarks` sets up what it needs first.

- `measure` runs commands in turns and takes their time, memory and bytes; `launcher` is the small process between.
- `inputs` makes parts and shards of full size; `jobs` are single steps of the workflow as commands of their own.
- One module for each table: `steps`, `builds`, `growth`, `disk`, `overhead`, `downloads`, `reading`.
- `report` writes the tables. `peers` holds what others do for the same job.
"""

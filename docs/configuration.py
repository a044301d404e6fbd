"""Write docs/configuration.md from the schema and the defaults: `make docs`. A test holds them equal."""

import json
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "configuration.md"
HEAD = """# Configuration

`config.yaml` in the working directory overrides single keys of the defaults. So do `--configfile FILE` and
`--config KEY=VALUE`. Unknown keys that look like one of these are refused. This page is generated from
`workflow/config.schema.yaml` by `make docs`.

What the data are is configuration. How the workflow runs (cores, retries, a cluster) is a profile: Snakemake loads
`profiles/default/config.yaml` by itself.

| key | default | meaning |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    schema = yaml.safe_load((REPOSITORY / "workflow" / "config.schema.yaml").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    rows = [
        f"| `{key}` | {_shown(defaults[key])} | {' '.join(entry['description'].split())} |"
        for key, entry in schema["properties"].items()
    ]
    return HEAD + "\n".join(rows).replace("http(s)", "http or https") + "\n"


def _shown(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{len(value)} public ones"
    if isinstance(value, dict):
        return "see `config.yaml`"
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

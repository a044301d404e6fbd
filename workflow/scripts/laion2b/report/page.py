"""Fill the template: one file of HTML that asks no network for anything."""

from pathlib import Path

import jinja2

from laion2b import __version__
from laion2b.files import appearing
from laion2b.shard import Definition

from .sections import sections

TEMPLATE = "template.html"


def write(folder: Path, target: Path, definition: Definition, first_part: int) -> None:
    """Write the report about what stands in `folder` to `target`. Raises ShardError if a product can't be read."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    content = sections(folder, definition, first_part)
    html = environment.get_template(TEMPLATE).render(sections=content, version=__version__)
    with appearing(target) as (temporary,):
        temporary.write_text(html, encoding="utf-8")

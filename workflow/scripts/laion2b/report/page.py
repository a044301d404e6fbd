"""Fill the template: one file of HTML that asks no network for anything."""

from pathlib import Path

import jinja2
import vl_convert

from laion2b import __version__
from laion2b.files import appearing
from laion2b.names import NAME
from laion2b.shards.definition import Definition

from .charts import THEME
from .sections import contents

TEMPLATE = "template.html"


def write(folder: Path, target: Path, definition: Definition, first_part: int, name: str = NAME) -> None:
    """Write the report about the subsets of a name in `folder`. Raises ShardError if a product can't be read."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    header, sections = contents(folder, definition, first_part, name)
    html = environment.get_template(TEMPLATE).render(
        header=header, sections=sections, theme=THEME, library=drawing_library(), version=__version__
    )
    with appearing(target) as (temporary,):
        temporary.write_text(html, encoding="utf-8")


def drawing_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed in JavaScript, which draw all charts of the page."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", r"<\/script")

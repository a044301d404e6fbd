"""Hooks of MkDocs: pages that are not in docs/ belong to the site as well, and links between all of them lead there."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

REPOSITORY = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "README.md": "index.md",
    **{
        name: name
        for name in (
            "benchmarks/RESULTS.md", "CHANGELOG.md", "CITATION.cff", "config/README.md", "CONTRIBUTING.md", "LICENSE",
            "SECURITY.md",
        )
    },
}  # fmt: skip
"""Files of the repository that are pages or files of the site, and their places there."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#]+)")


def on_files(files, config):
    """Add the pages that are not in docs/."""
    for source, place in OUTSIDE.items():
        files.append(File.generated(config, place, abs_src_path=str(REPOSITORY / source)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Change links from places in the repository to places in the site."""
    sources = {place: source for source, place in OUTSIDE.items()}
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def moved(link: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
        place = OUTSIDE.get(target, target.removeprefix("docs/"))
        return posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(moved, markdown)

"""A small mirror for all tests, and an empty working directory for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import synthetic
from demo.mirror import Mirror
from tests.harness import Work

ROWS = {0: 20, 1: 90, 2: 31, 3: 64, 4: 77}
"""Rows of each part of the test mirror."""


@pytest.fixture(scope="session")
def mirror_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with five small parts in the upstream layout."""
    folder = tmp_path_factory.mktemp("mirror")
    for part, rows in ROWS.items():
        synthetic.write_part(folder, part, rows)
    return folder


@pytest.fixture
def mirror(mirror_folder: Path) -> Iterator[Mirror]:
    """Yield a well-behaved mirror of these parts."""
    with Mirror(mirror_folder) as server:
        yield server


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Return an empty working directory."""
    return Work(tmp_path / "work")

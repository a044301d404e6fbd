"""A small mirror for all tests, and for each a working directory: an empty one, or one in which something was built."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mirror import synthetic
from mirror.server import MirrorServer
from tests.support.harness import Work, products

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
def mirror(mirror_folder: Path) -> Iterator[MirrorServer]:
    """Yield a well-behaved mirror of these parts."""
    with MirrorServer(mirror_folder) as server:
        yield server


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Return an empty working directory."""
    return Work(tmp_path / "work")


@pytest.fixture(scope="session")
def prepared(mirror_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that returns a folder in which targets were built once, by a mirror that is no more."""
    made: dict[str, Path] = {}

    def prepare(*targets: str, **keys: object) -> Path:
        key = repr((targets, sorted(keys.items())))
        if key not in made:
            work = Work(tmp_path_factory.mktemp("prepared") / "work")
            with MirrorServer(mirror_folder) as server:
                work.configure(server.url, **keys)
                work.run(*targets)
            made[key] = work.folder
        return made[key]

    return prepare


@pytest.fixture
def build(prepared: Callable[..., Path], work: Work, mirror: MirrorServer) -> Callable[..., Work]:
    """Return a function that makes the working directory one in which a subset, or other targets, are built.

    It is a copy, because building takes seconds. The test's own mirror is configured in it, and was asked for nothing yet.
    """

    def build(*targets: str | int, **keys: object) -> Work:
        names = [name for each in targets for name in (products(each) if isinstance(each, int) else [each])]
        shutil.copytree(prepared(*names, **keys), work.folder, symlinks=True)
        work.configure(mirror.url, **keys)
        return work

    return build

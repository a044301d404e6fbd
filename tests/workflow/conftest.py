"""A mirror that waits until the test has looked."""

import threading
from collections.abc import Iterator

import pytest

from tests.support.stalling import Stalling


@pytest.fixture
def gate() -> threading.Event:
    """Return what the stalling mirror waits for in the middle of a file."""
    return threading.Event()


@pytest.fixture
def stalling(mirror_folder, gate) -> Iterator[Stalling]:
    """Yield a mirror that sends half of part 2's embeddings, and the rest when the gate is opened."""
    with Stalling(mirror_folder, gate) as server:
        yield server
        gate.set()

"""A limit on the memory of jobs that read files of others. Such a file may unpack to any size."""

import os
import resource
from contextlib import suppress

MOST = 850_000_000
"""Bytes of memory of its own that a job may take, without libraries and mapped files. With these, a job stays below the
1,000 MB that its rule requests from a cluster. A job usually takes some 150 MB."""


def prepare() -> None:
    """Choose Arrow's allocator. Call it before Arrow is loaded.

    The default allocator reserves a GB of addresses, which would count as memory. It also takes a third more memory.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def bound() -> None:
    """Make this process, and those it starts, fail with MemoryError if it takes more than MOST."""
    with suppress(OSError, ValueError):  # a system without such a limit
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))

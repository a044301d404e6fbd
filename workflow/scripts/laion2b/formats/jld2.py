"""The md5 that a JLD2 file with the rows of a subset would have. No such file is written.

The organisers published md5 sums of JLD2 files, which Julia wrote. Those have the same rows as `laion2B-N.h5`, in the
same order, and 797 other bytes around them. Among these is the version of Julia, which is not published. So there is a
candidate for each likely version. If the md5 of one is equal, every byte of the rows is proven. If none is, nothing is
proven, because the list may lack the version.

- Proven by files that JLD2 0.4.30 wrote under Julia 1.5.3 (tests/goldens/jld2): every byte of matrices of 768
  dimensions and 20 and 1000 rows.
- Derived: other shapes differ only in the fields for shape, size and addresses, which have eight bytes at any size.
- Derived: another Julia changes only its version in the text at the beginning.
- Not covered: other versions of JLD2. The script of the organisers names JLD2 0.4.30
  (https://sisap-challenges.github.io/2023/downloading-laion/).
"""

import hashlib
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .emb import HALF, KEY
from .lookup3 import lookup3

VERSIONS = ("1.8.0", "1.8.3", "1.8.5")
"""Versions of Julia that the organisers may have had, the likeliest first.

A JLD2 file of theirs, in https://github.com/sisap-challenges/sisap2023 (`binwalk-models/`, committed on 6 March 2023),
says 1.8.0. Their Manifest and notebooks of that month say 1.8.3 and JLD2 0.4.31, whose container is that of 0.4.30.
1.8.5 was the newest then. The md5 sums were listed by 1 March 2023, so no later version is possible. An independent
reader of the published 10M file found it 797 bytes larger than its rows, as computed here. Each version costs another
md5 of all rows. The first 80 bytes of a published file have the true one."""

USER_BLOCK = 512
"""Bytes of text before the HDF5 file itself. Addresses in it count from there."""
UNDEFINED = 2**64 - 1
"""The address of something that does not exist."""
SUPERBLOCK_SIZE = 48
SMALLEST = 8192
"""JLD2 puts fewer bytes of rows into the header, in a layout that is not reproduced here."""
FLOAT16 = bytes.fromhex("31 20 0f 00 02 00 00 00 00 00 10 00 0a 05 00 0a 0f 00 00 00")
SPARE_LINKS = 3 * 24
"""JLD2 keeps room in a group for three more links, with names of eight letters."""

DATASPACE, LINK_INFO, DATATYPE, FILL_VALUE, LINK, LAYOUT, GROUP_INFO, NIL = 1, 2, 3, 5, 6, 8, 10, 0
"""Kinds of messages in an object header, as the specification of the HDF5 file format numbers them."""


@dataclass(frozen=True)
class Container:
    """A JLD2 file without its rows: the bytes `head` come before the rows in C order, and `tail` after them.

    `julia` is the version of Julia that wrote it.
    """

    julia: str
    head: bytes
    tail: bytes


def containers(rows: int, dimensions: int, versions: Sequence[str] = VERSIONS) -> list[Container]:
    """Return the containers of a float16 matrix `emb` of shape (rows, dimensions), for each version of Julia.

    In Julia the first index runs fastest, so the shape there is (dimensions, rows). Raises ValueError below 8192 bytes.
    """
    size = rows * dimensions * HALF.itemsize
    if size < SMALLEST:
        raise ValueError(f"JLD2 lays {size} bytes of rows out in another way, which is only known from {SMALLEST} on")
    shape = struct.pack("<4B2Q", 2, 2, 0, 1, rows, dimensions)
    # The rows follow the header. Its length does not depend on the address in it.
    address = SUPERBLOCK_SIZE + len(_dataset(shape, 0, size))
    dataset = _dataset(shape, address, size)
    group = _root_group()
    end = USER_BLOCK + address + size + len(group)
    superblock = b"\x89HDF\r\n\x1a\n" + struct.pack("<4B4Q", 2, 8, 8, 0, USER_BLOCK, UNDEFINED, end, address + size)
    binary = _summed(superblock) + dataset
    return [Container(version, _text(version) + binary, group) for version in versions]


class Digests:
    """The md5 sums of containers, by one pass over the rows.

    Containers differ in the first bytes, so each one costs an md5 of all rows. `threads` of them run at a time.
    """

    def __init__(self, candidates: Sequence[Container], threads: int = 1) -> None:
        self._tails = {each.julia: each.tail for each in candidates}
        self._streams = {each.julia: hashlib.md5(each.head, usedforsecurity=False) for each in candidates}
        self._pool = ThreadPoolExecutor(threads)

    def update(self, block: bytes | memoryview) -> None:
        """Take the next bytes of the rows. They may change after it returns."""
        for _ in self._pool.map(lambda stream: stream.update(block), self._streams.values()):
            pass

    def digests(self) -> dict[str, str]:
        """Return the md5 of each container in hexadecimal, by version of Julia. Call it after all rows."""
        sums = {}
        for julia, stream in self._streams.items():
            whole = stream.copy()
            whole.update(self._tails[julia])
            sums[julia] = whole.hexdigest()
        return sums


def _text(julia: str) -> bytes:
    text = f"HDF5-based Julia Data Format, version 0.1.1\0 (Julia {julia} 64-bit LE)\0"
    return text.encode().ljust(USER_BLOCK, b"\0")


def _dataset(shape: bytes, address: int, size: int) -> bytes:
    return _header(
        _message(FILL_VALUE, bytes([3, 9])),
        _message(DATASPACE, shape),
        _message(DATATYPE, FLOAT16, flags=1),
        _message(LAYOUT, struct.pack("<2B2Q", 4, 1, address, size)),
    )


def _root_group() -> bytes:
    link = struct.pack("<4B", 1, 0x10, 1, len(KEY)) + KEY.encode() + struct.pack("<Q", SUPERBLOCK_SIZE)
    return _header(
        _message(LINK_INFO, struct.pack("<2B2Q", 0, 0, UNDEFINED, UNDEFINED)),
        _message(GROUP_INFO, bytes(2)),
        _message(LINK, link),
        _message(NIL, bytes(SPARE_LINKS - 4)),  # the other four are the beginning of this message
        _message(NIL, bytes(16)),  # room to say where the header continues
    )


def _message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("<BHB", kind, len(body), flags) + body


def _header(*messages: bytes) -> bytes:
    body = b"".join(messages)
    return _summed(b"OHDR" + struct.pack("<3B", 2, 0, len(body)) + body)


def _summed(data: bytes) -> bytes:
    return data + struct.pack("<I", lookup3(data))

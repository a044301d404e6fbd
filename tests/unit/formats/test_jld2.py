"""JLD2 containers of a subset, against files that JLD2 wrote."""

import hashlib
import io
import os
import re
import struct

import h5py
import numpy as np
import pytest

from laion2b.formats import jld2
from laion2b.formats.lookup3 import lookup3
from laion2b.subsets import official
from tests.support.harness import REPOSITORY

GOLDENS = REPOSITORY / "tests" / "goldens" / "jld2"
JULIA = "1.5.3"
"""The version of Julia that wrote the goldens."""


def matrix(rows: int) -> np.ndarray:
    return (np.arange(768 * rows) % 0x7C00).astype("<u2").view("<f2").reshape(rows, 768)


def container(rows: int, dimensions: int = 768, julia: str = JULIA) -> jld2.Container:
    (only,) = jld2.containers(rows, dimensions, [julia])
    return only


def changed(first: bytes, second: bytes) -> set[int]:
    return {place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]}


class Imagined(io.RawIOBase):
    """A file of any size that takes no space: between head and tail all is zero, save for a few bytes at places."""

    def __init__(self, made: jld2.Container, size: int, places: dict[int, bytes]):
        self.size = len(made.head) + size + len(made.tail)
        self.pieces = {0: made.head, self.size - len(made.tail): made.tail}
        self.pieces |= {len(made.head) + place: data for place, data in places.items()}
        self.place = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.place, os.SEEK_END: self.size}[whence]
        return self.place

    def tell(self) -> int:
        return self.place

    def readinto(self, buffer) -> int:
        view = memoryview(buffer).cast("B")
        count = min(len(view), max(0, self.size - self.place))
        view[:count] = bytes(count)
        for start, data in self.pieces.items():
            first, last = max(start, self.place), min(start + len(data), self.place + count)
            if first < last:
                view[first - self.place : last - self.place] = data[first - start : last - start]
        self.place += count
        return count


def test_every_byte_of_a_file_that_jld2_wrote():
    made = container(20)
    assert made.head + matrix(20).tobytes() + made.tail == (GOLDENS / "rows-20.h5").read_bytes()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rows", [20, 1000])
def test_md5_of_files_that_jld2_wrote(rows, threads):
    text = (GOLDENS / "README.md").read_text()
    expected = dict(re.findall(r"^\| (\d+) \| [\d,]+ \| `([0-9a-f]{32})` \|", text, re.MULTILINE))
    others = ["1.8.5", "1.9.0"]
    digests = jld2.Digests(jld2.containers(rows, 768, [*others, JULIA]), threads)
    data = matrix(rows).tobytes()
    buffer = bytearray(5000)
    for start in range(0, len(data), len(buffer)):
        block = data[start : start + len(buffer)]
        buffer[: len(block)] = block  # the buffer is used again, as in a real run
        digests.update(memoryview(buffer)[: len(block)])
    found = digests.digests()
    assert list(found) == [*others, JULIA]
    assert found[JULIA] == expected[str(rows)]
    for version in others:
        made = container(rows, julia=version)
        assert found[version] == hashlib.md5(made.head + data + made.tail).hexdigest()
    assert digests.digests() == found


def test_what_differs_between_sizes_is_what_differed_in_files_that_jld2_wrote():
    documented = {*range(541, 544), *range(549, 552), *range(556, 560), *range(581, 584), *range(636, 639)}
    documented |= set(range(643, 647))
    found = changed(container(20).head, container(1000).head) | changed(container(20).head, container(70000).head)
    assert found == documented
    assert container(20).tail == container(70000).tail


def test_versions_differ_in_the_text_only():
    made = jld2.containers(20, 768)
    assert [each.julia for each in made] == list(jld2.VERSIONS)
    golden = container(20)
    for each in made:
        places = changed(each.head, golden.head)
        assert places and max(places) < 512
        text = golden.head[:512].replace(b"Julia 1.5.3", f"Julia {each.julia}".encode())
        assert each.head == text + golden.head[512:]
        assert each.tail == golden.tail


def test_a_longer_version_moves_nothing():
    made = container(20, julia="1.10.10")
    assert made.head[512:] == container(20).head[512:]
    assert made.head[:512].rstrip(b"\0").endswith(b"(Julia 1.10.10 64-bit LE)")


@pytest.mark.parametrize(("rows", "dimensions"), [(20, 768), (1, 4096), (4096, 1), (65_537, 3), (50, 70_000)])
def test_hdf5_reads_it(rows, dimensions):
    data = np.random.default_rng(1).normal(size=(rows, dimensions)).astype("<f2")
    made = container(rows, dimensions)
    with h5py.File(io.BytesIO(made.head + data.tobytes() + made.tail)) as file:
        assert list(file) == ["emb"]
        assert file["emb"].dtype.str == "<f2"
        assert (file["emb"][:] == data).all()


@pytest.mark.parametrize("rows", sorted({n for each in official.SUBSETS.values() for n in (each.fewest, each.most)}))
def test_hdf5_reads_it_at_true_size(rows):
    data = np.arange(1, 769).astype("<f2").tobytes()
    file = Imagined(container(rows), rows * 1536, {(rows - 1) * 1536: data})
    with h5py.File(file) as opened:
        assert opened["emb"].shape == (rows, 768)
        assert opened["emb"][-1].tobytes() == data
        assert not opened["emb"][-2].any()


@pytest.mark.parametrize("rows", [2**32 // 1536, 2**32 // 1536 + 1, 102_144_212, 2**32, 2**40])
def test_addresses_and_sizes_beyond_32_bits(rows):
    made, size = container(rows), rows * 1536
    assert (len(made.head), len(made.tail)) == (647, 150)
    base, _, end, root = struct.unpack_from("<4Q", made.head, 524)
    assert (base, end, root) == (512, 647 + size + 150, 135 + size)
    assert struct.unpack_from("<2Q", made.head, 581) == (rows, 768)
    assert struct.unpack_from("<2Q", made.head, 627) == (135, size)
    assert lookup3(made.head[512:556]) == struct.unpack_from("<I", made.head, 556)[0]


def test_the_size_of_the_published_10m():
    # 797 bytes more than the rows is also what a user measured of the file with the published md5.
    rows = official.SUBSETS[11].fewest
    made = container(rows)
    assert len(made.head) + rows * 1536 + len(made.tail) == 15_544_613_376 + 797


@pytest.mark.parametrize(("rows", "dimensions"), [(5, 768), (0, 768), (1, 4095)])
def test_what_jld2_lays_out_in_another_way_is_refused(rows, dimensions):
    with pytest.raises(ValueError, match=f"{rows * dimensions * 2} bytes"):
        jld2.containers(rows, dimensions)


def test_six_rows_are_enough():
    assert container(6).head


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 0xDEADBEEF), (b"Four score and seven years ago", 0x17770551)],
)
def test_lookup3_gives_what_its_author_says(data, expected):
    assert lookup3(data) == expected


def test_lookup3_gives_what_jld2_wrote_whatever_the_length():
    golden = (GOLDENS / "rows-20.h5").read_bytes()
    for start, end in [(512, 556), (560, 643), (31_367, 31_513)]:
        assert lookup3(golden[start:end]) == int.from_bytes(golden[end : end + 4], "little")

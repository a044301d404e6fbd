"""Reading embeddings in every form, and refusing what is not sound."""

import contextlib
import io
import os
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

from laion2b.errors import PartError
from laion2b.formats.blocks import BLOCK
from laion2b.formats.emb import HALF, half, rounded
from laion2b.formats.embeddings import open_embeddings
from laion2b.formats.metadata import open_metadata
from laion2b.parts import record


def matrix(rows: int, dimensions: int = 8, dtype: str = "<f2") -> np.ndarray:
    return np.random.default_rng(3).normal(0, 1, (rows, dimensions)).astype(dtype)


def read(path) -> np.ndarray:
    """Return all rows, copied out of the blocks."""
    with open_embeddings(path) as embeddings:
        blocks = [block.copy() for block in embeddings.blocks()]
        assert all(block.dtype == HALF and block.flags.c_contiguous for block in blocks)
        return np.concatenate([np.empty((0, embeddings.dimensions), HALF), *blocks])


def save_h5(path, array, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("emb", data=array, **options)


WRITERS = {
    ".npy": np.save,
    ".npz": lambda path, array: np.savez(path, array),
    "-compressed.npz": lambda path, array: np.savez_compressed(path, other=array[:1], emb=array),
    ".h5": save_h5,
    "-chunked.h5": lambda path, array: save_h5(path, array, chunks=(7, 3), compression="gzip", maxshape=(None, None)),
}


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("rows", [0, 1, BLOCK // 16, BLOCK // 16 + 1])
def test_every_form(tmp_path, ending, rows):
    if not rows and "chunked" in ending:
        rows = 7
    path = tmp_path / f"part{ending}"
    array = matrix(rows)
    WRITERS[ending](path, array)
    assert read(path).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("array", "conversion"),
    [
        (matrix(50), None),
        (matrix(50, dtype="<f4"), None),
        (matrix(50, dtype="<f8"), None),
        (matrix(50, dtype=">f4"), "big-endian"),
        (matrix(50, dtype=">f2"), "big-endian"),
        (np.asfortranarray(matrix(200_000)), "Fortran order"),
        (np.asfortranarray(matrix(50, dtype=">f4")), "Fortran order"),
        (np.asfortranarray(matrix(50, 1)), None),
    ],
)
def test_conversions(tmp_path, array, conversion):
    path = tmp_path / "part.npy"
    np.save(path, array)
    assert read(path).tobytes() == array.astype("<f2").tobytes()
    with open_embeddings(path) as embeddings:
        found = embeddings.conversion()
    assert found is None if conversion is None else conversion in found


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8"])
def test_rows_that_float16_does_not_hold_are_told(dtype):
    values = np.array([[1, 0.5], [1, 0.1], [np.nan, 2], [1e6, 0], [-np.inf, -0.0], [2**-24, 2**-26]], dtype)
    assert rounded(values, half(values)).tolist() == [False, True, False, True, False, True]
    assert not rounded(half(values), half(values)).any()


def test_rounding_is_to_nearest_even_and_keeps_what_is_no_number(tmp_path):
    values = np.array([[1 + 2**-11, 1 + 3 * 2**-11, 1e6, np.nan, -np.inf, -0.0, 2**-25, 65519]], "<f4")
    np.save(tmp_path / "part.npy", values)
    found = read(tmp_path / "part.npy")
    np.testing.assert_array_equal(found, [[1, 1 + 2**-9, np.inf, np.nan, -np.inf, -0.0, 0, 65504]])


def npy(shape: str, descr: str = "'<f2'", data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def twice() -> bytes:
    """Return an .npz with two members of one name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        for _ in range(2):
            archive.writestr("emb.npy", npy("(1, 1)", data=b"xx"))
    return stream.getvalue()


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([[{}, 1]], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("ending", "content", "found"),
    [
        (".npy", b"", "a header that can't be read"),
        (".npy", b"<html>not found</html>", "a header that can't be read"),
        (".npy", npy("(2, 3)", data=b"x" * 11), "found 11 bytes of data, expected 12, because its header says 2 x 3"),
        (".npy", npy("(2, 3)", data=b"x" * 13), "found 13 bytes of data, expected 12"),
        (".npy", npy("(1000000000000, 768)"), "found 0 bytes of data, expected 1,536,000,000,000,000"),
        (".npy", npy("(-2, -3)", data=b"x" * 12), r"found shape \(-2, -3\)"),
        (".npy", npy("(6,)", data=b"x" * 12), "found shape \\(6,\\)"),
        (".npy", npy("(2, 0)"), "found shape \\(2, 0\\)"),
        (".npy", npy("(2, 3)", "'<i2'", b"x" * 12), "numbers of type int16"),
        (".npy", npy("(1, 1)", "'<f16'", b"x" * 16), "numbers of type float128"),
        (".npy", npy("(1, 1)", "[('a', '<f2')]", b"x" * 2), "numbers of type .*'a'"),
        (".npy", npy("__import__('os')"), "a header that can't be read"),
        (".npy", npy("(1, 1)", version=b"\4\0"), "a header that can't be read"),
        (".npy", b"\x93NUMPY\2\0" + (1_500_000_000).to_bytes(4, "little"), "a header of 1,500,000,000 bytes"),
        (".npy", b"\x93NUMPY\3\0" + (10_001).to_bytes(4, "little"), "found a header of 10,001 bytes, expected at most"),
        (".npz", npz(a=b"\x93NUMPY\2\0" + b"\xff" * 4), "a header of 4,294,967,295 bytes"),
        (".npz", twice(), "the arrays emb, emb"),
        (".npy", npy("(1" + "," * 5000 + ")"), "a header that can't be read"),
        (".npy", pickled(), "pickled objects"),
        (".npz", b"PK", "a file that can't be read"),
        (".npz", npz(), "the arrays none"),
        (".npz", npz(a=npy("(1, 1)", data=b"xx"), b=b""), "the arrays a, b"),
        (".npz", npz(a=npy("(2, 1)", data=b"xx")), "2 bytes of data"),
        (".npz", npz(a=npy("(1, 1)", data=b"xx"))[:-30], "a file that can't be read"),
        (".h5", b"", "a file that HDF5 can't open"),
    ],
)
def test_unsound_files(tmp_path, ending, content, found):
    path = tmp_path / f"part{ending}"
    path.write_bytes(content)
    with pytest.raises(PartError, match=found) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: found ")


def test_an_npz_whose_checksum_is_wrong(tmp_path):
    path = tmp_path / "part.npz"
    content = bytearray(npz(a=npy("(1, 8)", data=b"0123456789abcdef")))
    content[content.index(b"0123")] ^= 1
    path.write_bytes(content)
    with pytest.raises(PartError, match="CRC"):
        read(path)


@pytest.mark.parametrize(
    ("name", "array"), [("other", matrix(3)), ("emb", matrix(3)[0]), ("emb", np.arange(6).reshape(2, 3))]
)
def test_an_hdf5_file_with_something_else(tmp_path, name, array):
    path = tmp_path / "part.h5"
    with h5py.File(path, "w") as file:
        file[name] = array
    with pytest.raises(PartError, match=r"found (no dataset emb of its own|shape|numbers of type)"):
        read(path)


def test_a_truncated_hdf5_file(tmp_path):
    path = tmp_path / "part.h5"
    save_h5(path, matrix(1000))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PartError, match="truncated"):
        read(path)


@pytest.mark.parametrize(
    "kind",
    ["external link", "soft link", "external storage", "virtual", "group", "no space", "large chunks", "wide chunks"],
)
def test_an_hdf5_file_that_leads_elsewhere_or_is_a_trap(tmp_path, kind):
    secret = tmp_path / "secret.h5"
    save_h5(secret, matrix(3))
    path = tmp_path / "part.h5"
    with h5py.File(path, "w") as file:
        match kind:
            case "external link":
                file["emb"] = h5py.ExternalLink("secret.h5", "/emb")
            case "soft link":
                file["emb"] = h5py.SoftLink("/other")
            case "external storage":
                file.create_dataset("emb", (3, 8), "<f2", external=[(str(secret), 0, 48)])
            case "virtual":
                layout = h5py.VirtualLayout((3, 8), "<f2")
                layout[:] = h5py.VirtualSource("secret.h5", "emb", (3, 8))
                file.create_virtual_dataset("emb", layout)
            case "group":
                file.create_group("emb")
            case "no space":
                file["emb"] = h5py.Empty("<f2")
            case "large chunks":
                file.create_dataset("emb", (10**6, 768), "<f2", chunks=(10**6, 768), compression="gzip")
            case "wide chunks":
                file.create_dataset("emb", (3, 8), "<f2", chunks=(1, 2**30), maxshape=(None, None), compression="gzip")
    with pytest.raises(PartError, match=r"found (no dataset emb of its own|data that lie in other files|chunks of)"):
        read(path)


STOPPED = """
import os, sys, h5py
file = h5py.File(sys.argv[1], "w", libver=sys.argv[2])
emb = file.create_dataset("emb", (10, 8), "<f2", chunks=(2, 8), maxshape=(None, 8))
if sys.argv[2] == "latest":
    file.swmr_mode = True
emb[:4] = 1
file.flush()
os._exit(0)
"""


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("earliest", "2 of 5 chunks written, and HDF5 reads the others as zeros"),
        ("latest", "marked as open for writing"),
    ],
)
def test_an_hdf5_file_whose_writer_was_killed(tmp_path, version, found):
    path = tmp_path / "part.h5"
    subprocess.run([sys.executable, "-c", STOPPED, path, version], check=True)
    with pytest.raises(PartError, match=found):
        read(path)


def test_an_hdf5_file_of_which_no_row_was_written(tmp_path):
    path = tmp_path / "part.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("emb", (10, 8), "<f2")
    with pytest.raises(PartError, match="found none of its rows written"):
        read(path)


def test_an_hdf5_file_that_needs_a_plugin(tmp_path):
    path = tmp_path / "part.h5"
    save_h5(path, np.zeros((1000, 8), "<f2"), chunks=(100, 8), compression="lzf")
    lzf, lz4 = (number.to_bytes(2, "little") for number in (32000, 32004))
    path.write_bytes(path.read_bytes().replace(lzf, lz4, 1))
    with pytest.raises(PartError, match=r"the HDF5 filter 32004 \(lzf\), expected a filter .* HDF5_PLUGIN_PATH"):
        read(path)


def test_version_3_of_npy_is_read(tmp_path):
    array = matrix(5)
    with (tmp_path / "part.npy").open("wb") as file:
        np.lib.format.write_array(file, array, version=(3, 0))
    assert read(tmp_path / "part.npy").tobytes() == array.tobytes()


@pytest.mark.parametrize("opener", [open_embeddings, open_metadata, record.sha256_of])
@pytest.mark.parametrize(("kind", "found"), [("fifo", "a pipe"), ("/dev/zero", "a device"), ("/", "a folder")])
def test_what_is_no_regular_file_is_not_opened(tmp_path, opener, kind, found):
    path = tmp_path / "part.npy"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(kind)
    with pytest.raises(PartError, match=f"found {found}, expected a regular file"), contextlib.ExitStack() as stack:
        stack.enter_context(opener(path))  # a sum is no context, but is never returned


@pytest.mark.parametrize("ending", [".npz", ".h5"])
def test_an_array_or_a_dataset_by_its_name(tmp_path, ending):
    path = tmp_path / f"part{ending}"
    image, text = matrix(5), matrix(6)
    if ending == ".npz":
        np.savez(path, l14_img=image, l14_txt=text)
    else:
        with h5py.File(path, "w") as file:
            file["l14_img"], file["l14_txt"] = image, text
    for name, array in (("l14_img", image), ("l14_txt", text)):
        with open_embeddings(path, array=name) as embeddings:
            assert b"".join(block.tobytes() for block in embeddings.blocks()) == array.tobytes()
    for name, expected in (("emb", "one named emb|a dataset emb"), (None, "or one named emb|a dataset emb")):
        with (
            pytest.raises(PartError, match=rf"found .*l14_img, l14_txt.*, expected .*({expected}).*`array`"),
            open_embeddings(path, array=name),
        ):
            pass


def test_a_damaged_npz_directory(tmp_path):
    path = tmp_path / "part.npz"
    np.savez(path, matrix(5))
    content = bytearray(path.read_bytes())
    content[-5] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(PartError):
        read(path)

"""Files of parts that don't fit the configuration end the downloads, unless a part alone is odd."""

import shutil

import pytest

from laion2b.errors import ConfigError
from laion2b.parts import record
from laion2b.run import fit
from laion2b.shards.definition import Definition
from mirror import synthetic

GOOD = Definition([["NSFW", "!=", "NSFW"]], ["url"], 4, 1)


@pytest.fixture
def parts(tmp_path):
    """Return a folder with the files of three parts and their records, none of which was looked at."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for part in (1, 2, 3):
        for file in synthetic.write_part(tmp_path / "mirror", part, 5, 4):
            record.adopt(file.replace(folder / file.name))
    return folder


def note(parts, definition, *numbers):
    for number in numbers:
        for name in (f"img_emb_{number:04d}.npy", f"metadata_{number:04d}.parquet"):
            fit.note(parts / name, definition)


@pytest.mark.parametrize(
    ("bad", "found"),
    [
        (Definition([["similarty", ">", 0.3]], ["url"], 4, 1), "no column similarty, but similarity"),
        (Definition([], ["URL"], 4, 1), "no column URL, but url"),
        (Definition([["width", "==", "wide"]], ["url"], 4, 1), "the column width of type int64"),
        (Definition([], ["url"], 768, 1), "found 4 dimensions, expected 768"),
    ],
)
def test_two_files_that_do_not_fit_are_enough(parts, caplog, bad, found):
    fit.refuse_more(parts, bad)
    note(parts, bad, 1)
    assert found in caplog.text
    fit.refuse_more(parts, bad)
    note(parts, bad, 2)
    with pytest.raises(ConfigError, match="The downloads stop, because no part that was downloaded fits") as caught:
        fit.refuse_more(parts, bad)
    assert found in str(caught.value)
    fit.refuse_more(parts, GOOD)  # the configuration was corrected


def test_one_file_that_fits_shows_that_others_are_odd(parts):
    shutil.copy(synthetic.write_part(parts.parent, 4, 5, 8)[0], parts / "img_emb_0001.npy")
    shutil.copy(parts / "img_emb_0001.npy", parts / "img_emb_0002.npy")
    note(parts, GOOD, 1, 2)
    with pytest.raises(ConfigError, match="found 8 dimensions, expected 4"):
        fit.refuse_more(parts, GOOD)
    note(parts, GOOD, 3)
    fit.refuse_more(parts, GOOD)


def test_files_that_the_user_has_deleted_do_not_count(parts):
    bad = Definition([], ["URL"], 4, 1)
    note(parts, bad, 1, 2)
    (parts / "metadata_0001.parquet").unlink()
    fit.refuse_more(parts, bad)

"""The command line says what is wrong in a sentence, whatever it is called with and wherever its output goes."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.harness import REPOSITORY

LIBRARY = REPOSITORY / "workflow" / "scripts" / "laion2b"
EXECUTABLE = REPOSITORY / "bin" / "laion2b"
ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def said(folder, *arguments, environment=None) -> tuple[int, str]:
    """Run a command in a folder; return its exit status, and what it printed, after a check that it is no traceback."""
    command = [sys.executable, LIBRARY, *arguments]
    environment = os.environ | (environment or {})
    environment.pop("LAION2B_SETTINGS", None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    printed = (done.stdout + done.stderr).decode("utf-8")
    assert "Traceback" not in printed
    return done.returncode, printed


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("download", "img_emb", "1", "img_emb_0001.npy"), 1, "snakemake --cores 1 parts/img_emb_0001.npy"),
        (
            ("status", "--last", "100000000"),
            1,
            "The subset 100000000 would end after the last part, which is 2313",
        ),
        (("status", "--interval", "-1"), 2, "-1 is not between 0.1 and 86,400 seconds"),
        (("status", "--interval", "0"), 2, "0 is not between 0.1 and 86,400 seconds"),
        (("status", "--interval", "nan"), 2, "nan is not between 0.1 and 86,400 seconds"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, arguments, status, sentence):
    code, printed = said(tmp_path, *arguments)
    assert code == status
    assert sentence in printed


@pytest.mark.parametrize("name", ["parts", "shards", "logs"])
def test_a_file_in_the_place_of_a_folder(tmp_path, name):
    (tmp_path / name).touch()
    code, printed = said(tmp_path, "status")
    assert code == 1
    assert printed.startswith(name)
    assert "Not a directory" in printed


def test_a_terminal_that_knows_only_ascii(tmp_path):
    (tmp_path / "config.yaml").write_text("subsets: [1]\n")
    outcome = tmp_path / "logs" / "download" / "img_emb_0001.npy.json"
    outcome.parent.mkdir(parents=True)
    outcome.write_text('{"ended": "error", "error": "Zürich: \\u001b[31m東京"}', encoding="utf-8")
    code, printed = said(tmp_path, "status", environment=ASCII)
    assert code == 0
    assert "failed: Z\\xfcrich: \\x1b[31m\\u6771\\u4eac." in printed


def test_a_folder_whose_name_is_not_utf8(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)  # noqa: PTH102 - a path of bytes
    assert said(folder, "status", folder)[0] == 0
    code, printed = said(tmp_path, "status", folder + b"/no")
    assert code == 1
    assert "\\udcff/no does not exist" in printed


def printed_by(*command, folder) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture
def link(tmp_path):
    """Return a relative symlink to a symlink to the executable, in a folder whose name holds a blank."""
    folder = tmp_path / "my bin"
    folder.mkdir()
    (folder / "first").symlink_to(EXECUTABLE)
    (folder / "second").symlink_to("first")
    return folder / "second"


def test_the_executable_works_from_any_folder_and_through_symlinks(tmp_path, link):
    expected = printed_by(sys.executable, LIBRARY, "status", folder=tmp_path)
    assert "missing" in expected
    assert printed_by(EXECUTABLE, "status", folder=tmp_path) == expected
    assert printed_by(link, "status", folder=tmp_path) == expected
    assert printed_by(f"./{link.name}", "status", tmp_path, folder=link.parent) == expected


@pytest.mark.parametrize("has_venv", [True, False])
def test_the_executable_prefers_the_environment_next_to_it(tmp_path, monkeypatch, has_venv):
    clone, path = tmp_path / "a clone", tmp_path / "path"
    (clone / "bin").mkdir(parents=True)
    shutil.copy(EXECUTABLE, clone / "bin")
    interpreters = [(path / "python3", "system")] + [(clone / ".venv/bin/python", "venv")] * has_venv
    for file, name in interpreters:
        file.parent.mkdir(parents=True)
        file.write_text(f'#!/bin/sh\necho {name} "$@"\n')
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    expected = f"{'venv' if has_venv else 'system'} {clone}/workflow/scripts/laion2b status --last 3\n"
    assert printed_by(clone / "bin/laion2b", "status", "--last", "3", folder=tmp_path) == expected


def test_a_start_loads_nothing_that_takes_long(tmp_path):
    """A run starts a process for each job, and a person waits for `--help`."""
    program = "import sys; from laion2b import cli; cli._parser(); print(*sys.modules)"
    loaded = printed_by(
        sys.executable, "-c", f"import sys; sys.path[0] = {str(LIBRARY.parent)!r}; {program}", folder=tmp_path
    )
    assert not {"numpy", "h5py", "pyarrow", "requests", "yaml", "pandas", "rich", "xxhash"} & set(loaded.split())

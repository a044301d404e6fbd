"""What tests of a run share."""

from pathlib import Path

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """Return an empty working directory, and be in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path

"""Findings go to the output if all is well, and to another file if not."""

import json

import pytest

from laion2b.errors import ShardError
from laion2b.subsets import findings
from laion2b.subsets.findings import Findings


def found(*results: bool) -> Findings:
    made = Findings()
    for number, passed in enumerate(results):
        made.compare(f"check {number}", passed, True)
    return made


def test_good_findings(tmp_path):
    output = tmp_path / "verify-1.json"
    findings.conclude(found(True, True), output)
    assert json.loads(output.read_text())["passed"]
    assert not (tmp_path / "verify-1.failed.json").exists()


def test_bad_findings(tmp_path):
    output, failed = tmp_path / "verify-1.json", tmp_path / "verify-1.failed.json"
    with pytest.raises(ShardError, match=f"1 of 2 checks failed, see above. The findings are in {failed}"):
        findings.conclude(found(True, False), output)
    assert not json.loads(failed.read_text())["passed"]
    assert not output.exists()


def test_without_a_file():
    findings.clear(None)
    findings.conclude(found(True), None)
    with pytest.raises(ShardError, match="1 of 1 checks failed, see above.$"):
        findings.conclude(found(False), None)


def test_earlier_findings_are_deleted_first(tmp_path):
    for name in ("verify-1.json", "verify-1.failed.json", "verify-2.json"):
        (tmp_path / name).touch()
    findings.clear(tmp_path / "verify-1.json")
    assert [file.name for file in tmp_path.iterdir()] == ["verify-2.json"]

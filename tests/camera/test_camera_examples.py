"""The example configurations that come with pyCA."""

import json
from pathlib import Path

import pytest

from pyca.camera.files.configuration import parse
from pyca.camera.files.folder import open_folder

EXAMPLES = Path(__file__).parents[2] / "etc" / "cameras"
FILES = sorted(EXAMPLES.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_in_order(file: Path) -> None:
    raw = json.loads(file.read_text("utf-8"))
    found = parse(file.stem, raw)
    assert found.name == raw["name"]
    assert found.warnings == ()


def test_they_can_be_one_folder() -> None:
    findings = open_folder(EXAMPLES, create=False).check()
    assert len(findings) == len(FILES) >= 8
    assert [finding for finding in findings if finding.problems or finding.warnings] == []

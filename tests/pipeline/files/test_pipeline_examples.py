"""The example configurations that come with pyCA."""

import json
from pathlib import Path

import pytest

from pyca.pipeline.files.configuration import parse
from pyca.pipeline.files.folder import open_folder
from pyca.pipeline.files.keys import TYPES

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "etc" / "pipelines"
FILES = sorted(EXAMPLES.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_in_order(file: Path) -> None:
    raw = json.loads(file.read_text("utf-8"))
    found = parse(file.stem, raw)
    assert found.name == raw["name"]
    assert found.warnings == ()
    # What they take is there: cameras among the examples of the camera server, pipelines among these.
    assert found.camera_name is None or (ROOT / "etc" / "cameras" / f"{found.camera_name}.json").exists()
    for pipeline in (found.input_pipeline, found.output_pipeline):
        assert pipeline is None or (EXAMPLES / f"{pipeline}.json") in FILES


def test_they_can_be_one_folder_and_show_nearly_every_type() -> None:
    findings = open_folder(EXAMPLES, create=False).check()
    assert len(findings) == len(FILES)
    assert [finding for finding in findings if finding.problems or finding.warnings] == []
    types = {parse("x", json.loads(file.read_text("utf-8"))).pipeline_type for file in FILES}
    assert types >= set(TYPES) - {"custom"}

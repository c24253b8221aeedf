"""What a recording's files are called, also after it was set apart from its event."""

from pathlib import Path

import pytest

from pyca.capture.inputs import folder_of, jobs
from pyca.config.settings import Capture, Settings
from pyca.core.event import Event

EVENT = Event("u/1", "Title", 1000.0, 2000.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(capture=Capture(directory=tmp_path, files=("{{dir}}/{{name}}.mkv",)))


def test_a_recording_that_was_set_apart_keeps_the_names_of_its_files(settings: Settings) -> None:
    folder = folder_of(settings, EVENT)
    (before,) = jobs(settings, EVENT, folder)
    (after,) = jobs(settings, EVENT.changed(uid="apart"), folder)
    assert after.files(1) == before.files(1)
    assert after.files(2) == before.files(2)

"""Kinds of cameras that need nothing."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pyca.camera.cameras import Cameras
from pyca.core.errors import SourceError
from pyca.sources import catalogue
from pyca.sources.catalogue import Kind
from pyca.sources.options import Option, boolean, choice, integer, number, text
from tests.camera_doubles import obedient_kind, running_cameras, settings_in


def no_camera(source: str, options: Mapping[str, Any]) -> Any:
    if source == "nowhere":
        raise SourceError("nowhere is no place.", "Use another one.")
    return object()


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the real kinds of cameras by two that are known here."""
    simulated = (
        Option("width", 1280, integer(1, 8192)),
        Option("frame_rate", 10.0, number(0, 10_000)),
        Option("dtype", "uint16", choice("uint16", "uint8")),
        Option("noise", None, number(0, 65535, optional=True)),
    )
    streamed = (
        Option("connections", 1, integer(1, 64)),
        Option("buffer_size", None, integer(0, optional=True)),
        Option("threaded", True, boolean),
        Option("channel", "image", text()),
    )
    found = {
        "epics": Kind((), no_camera),
        "simulation": Kind(simulated, no_camera),
        "bsread": Kind(streamed, no_camera),
    }
    monkeypatch.setattr(catalogue, "kinds", lambda: found)


@pytest.fixture
def cameras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Cameras]:
    caplog.set_level("INFO")
    obedient_kind(monkeypatch)
    with running_cameras(settings_in(tmp_path)) as made:
        yield made


@pytest.fixture
def order(tmp_path: Path) -> Path:
    """The file that the obedient camera follows."""
    file = tmp_path / "order"
    file.write_text("8x4")
    return file

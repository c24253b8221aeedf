"""What the configured commands ask of this machine."""

from collections.abc import Iterator

from pyca.config.checks import FILTERS, TEMPLATES
from pyca.config.feeds import feeds_in
from pyca.config.live import FEEDS
from pyca.config.settings import Settings
from pyca.core.camera import CameraFeed
from pyca.media.demands import Demands, demands
from pyca.runtime.command import build_argv


def configured(settings: Settings) -> Iterator[tuple[str, Demands]]:
    """Yield each input's name and what its command asks for; placeholders stay as they are written."""
    values = {name: f"{{{{{name}}}}}" for name in (*TEMPLATES, *FILTERS)}
    for name, recording in settings.named_inputs.items():
        cameras = feeds_in(recording.command)
        yield name, demands(build_argv(recording.command, values, dict.fromkeys((*FEEDS, *cameras), list)))


def recorded_cameras(settings: Settings) -> Iterator[tuple[str, CameraFeed]]:
    """Yield each input's name and the cameras of the camera server that it records."""
    for name, recording in settings.named_inputs.items():
        yield from ((name, camera) for camera in feeds_in(recording.command).values())

"""Are the cameras, microphones and displays there that the commands name?"""

from collections.abc import Iterator
from pathlib import Path

from pyca.cli.doctor.commands import configured, recorded_cameras
from pyca.cli.doctor.finding import Finding, failed, failure, ok, skipped
from pyca.config.settings import Settings
from pyca.core.errors import MediaError
from pyca.media.cameras import require_camera
from pyca.media.sources import look


def check(settings: Settings, root: Path = Path("/")) -> Iterator[Finding]:
    """Look for each of them once. None is opened: a recording that runs is not disturbed.

    :param root: where the machine's ``dev``, ``proc`` and ``tmp`` are
    """
    seen: set[str] = set()
    for name, wanted in configured(settings):
        for source in wanted.sources:
            if source.name in seen:
                continue
            seen.add(source.name)
            sight = look(source, root)
            if sight.there is None:
                yield skipped(name, sight.text)
            elif sight.there:
                yield ok(name, sight.text)
            else:
                yield failed(name, sight.text, sight.remedy)
    for name, camera in recorded_cameras(settings):
        if camera.name not in seen:
            seen.add(camera.name)
            yield _camera(settings, name, camera.name)
    if not seen:
        yield ok("commands", "name no device and no address")


def _camera(settings: Settings, name: str, camera: str) -> Finding:
    server = settings.camera.address
    try:
        require_camera(server, camera)
    except MediaError as error:
        return failure(name, error)
    return ok(name, f"the camera server at {server} knows {camera}")

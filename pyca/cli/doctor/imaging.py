"""Will cameras and pipelines be served? Looked at only where somebody wants that."""

from collections.abc import Iterator

from pyca.cli import cameras, pipelines
from pyca.cli.doctor.finding import Finding, failed, failure, ok, warning
from pyca.cli.doctor.ports import check_port
from pyca.client import CamClient
from pyca.config.imaging import Camera, Pipeline
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.states import ServiceName

_PATIENCE = 5.0
"""seconds in which a camera server that is well has answered"""


def check_cameras(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look at the libraries, the cameras' configurations and the port."""
    yield from _configurations(ServiceName.CAMERA, settings.camera)
    yield check_port(settings, ServiceName.CAMERA, settings.camera, clock)


def check_pipelines(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look at the libraries, the pipelines' configurations, the port and the camera server."""
    yield from _configurations(ServiceName.PIPELINE, settings.pipeline)
    yield check_port(settings, ServiceName.PIPELINE, settings.pipeline, clock)
    yield _camera_server(settings.pipeline)


def _configurations(name: ServiceName, section: Camera | Pipeline) -> Iterator[Finding]:
    noun, folder = f"{name}s", section.directory
    if not folder.exists():
        yield warning(noun, f"{folder} is not there", f"put a JSON file for each {name} into it")
        return
    findings_of = cameras.findings_of if name is ServiceName.CAMERA else pipelines.findings_of
    try:
        found = findings_of(folder, section.backgrounds)
    except PycaError as error:
        yield failure(noun, error)
        return
    wrong = [one for one in found if one.problems]
    for one in wrong:
        yield failed(one.file.stem, "; ".join(one.problems), f"mend it; “pyca {name} validate” tells more")
    if not wrong:
        yield ok(noun, f"{len(found)} in order")


def _camera_server(pipeline: Pipeline) -> Finding:
    """Ask the camera server for its cameras; it may be started later than the pipelines."""
    name = "camera server"
    try:
        found = CamClient(pipeline.cameras, _PATIENCE, pipeline.token or None).get_cameras()
    except PycaError as error:
        remedy = "start it: “pyca camera”, or correct cameras and token of [pipeline]"
        return warning(name, error.message, remedy)
    return ok(name, f"{pipeline.cameras} has {len(found)} camera{'' if len(found) == 1 else 's'}")

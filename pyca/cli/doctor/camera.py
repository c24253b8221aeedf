"""Will cameras be served? Looked at only where somebody wants that."""

from collections.abc import Iterator

from pyca.cli.cameras import findings_of
from pyca.cli.doctor.finding import Finding, failed, failure, ok, warning
from pyca.cli.doctor.ports import check_port
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import PycaError
from pyca.core.states import ServiceName


def is_wanted(settings: Settings) -> bool:
    """Tell whether this agent is to serve cameras."""
    return settings.camera.enabled


def check(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look at the libraries, the cameras' configurations and the port."""
    yield from _cameras(settings)
    yield check_port(settings, ServiceName.CAMERA, settings.camera, clock)


def _cameras(settings: Settings) -> Iterator[Finding]:
    folder = settings.camera.directory
    if not folder.exists():
        yield warning("cameras", f"{folder} is not there", "put a JSON file for each camera into it")
        return
    try:
        found = findings_of(folder, settings.camera.backgrounds)
    except PycaError as error:
        yield failure("cameras", error)
        return
    wrong = [one for one in found if one.problems]
    for one in wrong:
        yield failed(one.file.stem, "; ".join(one.problems), "mend it; “pyca camera validate” tells more")
    if not wrong:
        yield ok("cameras", f"{len(found)} in order")

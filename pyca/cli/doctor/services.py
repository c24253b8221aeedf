"""Which services live, and which should?"""

from collections.abc import Collection, Iterator

from pyca.cli.doctor.database import may_be_opened
from pyca.cli.doctor.finding import Finding, failed, ok, skipped, warning
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.core.states import EXTRA_SERVICES, ServiceName, ServiceState
from pyca.store import services
from pyca.store.database import Database
from pyca.store.services import ServiceStatus

_START = "start it: “systemctl start pyca.target”, or “pyca all”"
_UNUSED = {
    ServiceName.LIVE: "nothing is streamed",
    ServiceName.CAMERA: "no cameras are served",
    ServiceName.PIPELINE: "no pipelines are served",
}


def check(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Tell what the services themselves have told the database."""
    database = Database(settings.agent.database)
    if database.file and not database.file.exists():
        yield warning("services", "none has ever run here", _START)
        return
    if database.file and not may_be_opened(database.file):
        yield skipped("services", "the database that tells of them was not opened, see above")
        return
    try:
        with database.read() as session:
            known = services.statuses(session, clock.now(), settings.extra_services)
    except StoreError:
        yield skipped("services", "the database that tells of them cannot be read, see above")
        return
    finally:
        database.dispose()
    if all(one.state is ServiceState.STOPPED and not one.died for one in known):
        yield warning("services", "none runs", _START)
        return
    for one in known:
        yield _service(one, settings.extra_services)


def _service(one: ServiceStatus, extra: Collection[str]) -> Finding:
    if one.died:
        return failed(one.name, "died", f"see “journalctl -u pyca-{one.name}”, then {_START}")
    if one.state is ServiceState.ERROR:
        return warning(one.name, one.text or "reports an error", f"see “journalctl -u pyca-{one.name}”")
    if one.state is not ServiceState.STOPPED:
        return ok(one.name, f"{one.state}{': ' if one.text else ''}{one.text}")
    if one.name in EXTRA_SERVICES and one.name not in extra:
        return skipped(one.name, _UNUSED[ServiceName(one.name)])
    if one.name == ServiceName.UI:
        return skipped(one.name, "the page is not served")
    if one.name == ServiceName.CAPTURE:
        return failed(one.name, "does not run: nothing is recorded", f"“systemctl start pyca-{one.name}”")
    return warning(one.name, "does not run", f"“systemctl start pyca-{one.name}”")

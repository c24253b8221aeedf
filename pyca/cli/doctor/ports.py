"""Is the port of a service free, or its own?"""

from pyca.cli.doctor.finding import Finding, failure, ok, skipped
from pyca.cli.services import is_alive
from pyca.config.settings import Camera, Live, Pipeline, Settings
from pyca.core.clock import Clock
from pyca.core.errors import PycaError, StoreError
from pyca.core.states import ServiceName
from pyca.store.database import Database
from pyca.ui.listening import open_port
from pyca.ui.livebox.place import find


def check_port(
    settings: Settings, name: ServiceName, section: Live | Camera | Pipeline, clock: Clock
) -> Finding:
    """Tell whether a service can listen where its section says.

    :param name: of the service, and of its section
    """
    database = Database(settings.agent.database)
    try:
        if (database.file is None or database.file.exists()) and is_alive(database, name, clock):
            return ok("port", f"{section.port} is that of the running service")
        place = find(section.bind, section.port)
        open_port(place.host, place.port, f"[{name}]").close()
    except StoreError:
        return skipped("port", "the database that tells whether the service runs cannot be read, see above")
    except PycaError as error:
        return failure("port", error)
    finally:
        database.dispose()
    return ok("port", f"{section.port} is free")

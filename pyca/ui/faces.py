"""All faces of the application: modules with a blueprint each."""

from pyca.ui import health
from pyca.ui.api import about as api_about
from pyca.ui.api import (
    alarms,
    change,
    creation,
    deliveries,
    description,
    events,
    inputs,
    logs,
    metrics,
    previews,
    services,
    stream,
)
from pyca.ui.livebox import box, destinations, history, more
from pyca.ui.metrics import families
from pyca.ui.pages import (
    about,
    account,
    actions,
    api_docs,
    extend,
    images,
    log,
    login,
    moving,
    now,
    planning,
    record,
    recordings,
    schedule,
    system,
    tracks,
)

PAGES = (
    now,
    record,
    extend,
    schedule,
    planning,
    recordings,
    tracks,
    actions,
    system,
    log,
    about,
    api_docs,
    login,
    account,
)
"""What people see."""

API = (
    api_about,
    events,
    creation,
    change,
    deliveries,
    previews,
    inputs,
    services,
    metrics,
    alarms,
    logs,
    stream,
    description,
)
"""What programs ask."""

LIVEBOX = (box, more, destinations, history)
"""What programs ask of the streamer, here and where it serves itself."""

FACES = (*PAGES, images, moving, *API, *LIVEBOX, health, families)
"""All of them."""

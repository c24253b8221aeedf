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
    live,
    live_destinations,
    live_parameters,
    live_picture,
    live_sessions,
    live_sharing,
    log,
    login,
    moving,
    now,
    planning,
    record,
    recordings,
    schedule,
    system,
    touch,
    tracks,
    watch,
)

PAGES = (
    now,
    live,
    live_destinations,
    live_parameters,
    live_sharing,
    live_sessions,
    watch,
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

LIVEBOX = (box, more, destinations, history, touch, live_picture)
"""What the streamer serves by itself as well: what programs ask of it, and what a finger needs."""

FACES = (*PAGES, images, moving, *API, *LIVEBOX, health, families)
"""All of them."""

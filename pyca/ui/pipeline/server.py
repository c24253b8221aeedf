"""Serves the pipeline server's interface."""

from functools import partial

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.pipeline.pipelines import Pipelines
from pyca.store.database import Database
from pyca.ui.connections import Limits
from pyca.ui.imaging.server import LIMITS, ImagingServer
from pyca.ui.pipeline.app import create_pipeline_app


def pipeline_server(
    settings: Settings, database: Database, clock: Clock, pipelines: Pipelines, limits: Limits = LIMITS
) -> ImagingServer:
    """Return the server of the pipelines' interface, not yet started.

    :param settings: ``[pipeline]`` and the users of ``[ui]``
    :param database: with its tables in place
    :param pipelines: started already, and closed by whoever made them
    :param limits: of its connections
    """
    create = partial(create_pipeline_app, settings, database, clock, pipelines)
    return ImagingServer("pipeline", settings.pipeline, settings, database, create, limits)

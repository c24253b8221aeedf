"""The application of the pipeline server: its interface for programs, pictures and figures."""

from flask import Flask

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.pipeline.pipelines import Pipelines
from pyca.store.database import Database
from pyca.ui.imaging.app import create_imaging_app
from pyca.ui.imaging.envelope import BASE
from pyca.ui.imaging.room import make_room
from pyca.ui.pipeline import backgrounds, instances, libraries, live, newest, page
from pyca.ui.pipeline.description import description

FACES = (instances, newest, backgrounds, libraries, page, live)
"""Modules with a blueprint each."""


def create_pipeline_app(
    settings: Settings, database: Database, clock: Clock, pipelines: Pipelines, is_local: bool = True
) -> Flask:
    """Make the application. It opens no connection and starts no thread.

    :param settings: ``[pipeline]`` and the users of ``[ui]``
    :param database: with its tables in place
    :param pipelines: started already
    :param is_local: True where it listens on loopback alone
    """
    room = make_room(pipelines, "pipeline", settings.pipeline, description, runs_scripts=True)
    faces = [face.blueprint for face in FACES]
    return create_imaging_app(
        settings, database, clock, room, faces, below=f"{BASE}/pipeline", is_local=is_local
    )

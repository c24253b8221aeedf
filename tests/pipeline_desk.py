"""Helpers for the tests of the pipeline server's interface."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.core.clock import Clock
from pyca.store import tokens
from pyca.store.database import Database
from pyca.ui.imaging.server import ImagingServer
from pyca.ui.pipeline.app import create_pipeline_app
from pyca.ui.pipeline.server import pipeline_server
from tests.camera_desk import V1, told
from tests.fake_pipelines import FakePipelines
from tests.ui_people import add_account

__all__ = ["PIPELINE", "V1", "make_app", "serving", "token", "told"]

PIPELINE = f"{V1}/pipeline"


def make_app(
    settings: Settings,
    database: Database,
    clock: Clock,
    pipelines: FakePipelines,
    *,
    is_local: bool = True,
    **pipeline: Any,
) -> Flask:
    """Return the application of some fake pipelines.

    :param pipeline: keys of ``[pipeline]``
    """
    changed = replace(settings, pipeline=replace(settings.pipeline, **pipeline))
    return create_pipeline_app(changed, database, clock, _as_real(pipelines), is_local=is_local)


def token(database: Database, clock: Clock, scope: Scope) -> dict[str, str]:
    """Return the header of a program with a scope."""
    name = f"of-{scope}"
    add_account(database, name, scope)
    with database.write() as session:
        _, text = tokens.make(session, name, scope, clock.now())
    return {"Authorization": f"Bearer {text}"}


@contextmanager
def serving(
    settings: Settings, database: Database, clock: Clock, pipelines: FakePipelines, **pipeline: Any
) -> Iterator[ImagingServer]:
    """Serve some fake pipelines at a port of their own."""
    changed = replace(settings, pipeline=replace(settings.pipeline, **({"port": 0} | pipeline)))
    with closing(pipeline_server(changed, database, clock, _as_real(pipelines))) as server:
        server.start()
        yield server


def _as_real(pipelines: FakePipelines) -> Any:
    return pipelines

"""The pipelines that the views of the pipeline server work with."""

from pyca.pipeline.pipelines import Pipelines
from pyca.ui.imaging.room import room


def pipelines() -> Pipelines:
    """Return the pipelines of the application that answers the present request."""
    found: Pipelines = room().servant
    return found

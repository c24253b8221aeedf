"""The pipelines that the views of the pipeline server work with."""

from typing import TYPE_CHECKING

from pyca.ui.imaging.room import room

if TYPE_CHECKING:
    from pyca.pipeline.pipelines import Pipelines


def pipelines() -> "Pipelines":
    """Return the pipelines of the application that answers the present request."""
    found: Pipelines = room().servant
    return found

"""Clients for other people's programs: nothing beyond Python is needed until an array is asked for."""

from pyca.client.cam import CamClient
from pyca.client.pipeline import PipelineClient

__all__ = ["CamClient", "PipelineClient"]

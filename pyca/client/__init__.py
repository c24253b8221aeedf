"""Clients for other people's programs: nothing beyond Python is needed until an array is asked for."""

from pyca.client.cam import CamClient

__all__ = ["CamClient"]

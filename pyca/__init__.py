"""pyCA: cameras and microphones become recordings, live streams and data."""

__version__ = "5.0.0"

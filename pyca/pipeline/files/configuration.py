"""The configuration of a pipeline: what may be in it, what is wrong with it, and how it is changed."""

from pyca.pipeline.files.fields import Configuration
from pyca.pipeline.files.keys import KEYS
from pyca.pipeline.files.parts import GoodRegion, Rotation, Slices
from pyca.pipeline.files.reading import parse
from pyca.pipeline.files.updates import merged

__all__ = ["KEYS", "Configuration", "GoodRegion", "Rotation", "Slices", "merged", "parse"]

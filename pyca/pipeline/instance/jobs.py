"""How the processes of pipelines are begun."""

from collections.abc import Mapping

NOUN = "pipeline"
JOBS: Mapping[str, str] = {"instance": "pyca.pipeline.instance.instance:run"}
"""what they do"""
PRELOAD = ("bitshuffle", "lz4.block", "scipy.optimize", "pyca.pipeline.processing.rotation")
"""what many of them import with their first message, which takes longer than all the rest of a start"""

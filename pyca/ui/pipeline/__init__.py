"""The interface of the pipeline server."""

"""The process of one camera, and how the server understands it."""

"""The faces of the camera server: its interface for programs, streams for browsers, and a page."""

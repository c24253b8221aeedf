"""Recorded files go to the server, or into an archive of folders."""

"""Folders of configurations and scripts, changed by servers and by hand."""

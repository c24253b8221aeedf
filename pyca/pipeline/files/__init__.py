"""Configurations of pipelines, and the folder that they are in."""

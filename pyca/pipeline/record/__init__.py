"""Streams as files of HDF5."""

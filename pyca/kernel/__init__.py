"""Passes over images and fits, in C where it was built and in NumPy where not."""

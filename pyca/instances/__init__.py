"""One process for each instance: which run, where, and what becomes of them."""

"""Which instances run, where, and what becomes of them."""

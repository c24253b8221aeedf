"""Clients for other people's programs."""

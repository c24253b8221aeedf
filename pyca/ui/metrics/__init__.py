"""Figures for Prometheus below ``/metrics``."""

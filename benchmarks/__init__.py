"""What pyCA costs and how punctual it is, measured on real daemons: ``python -m benchmarks agent``."""

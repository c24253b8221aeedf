"""What programs ask: JSON:API 1.1 below ``/api``."""

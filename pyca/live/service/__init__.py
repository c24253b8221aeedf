"""What people want and what becomes of it: orders, scheduled events, sessions, alarms."""

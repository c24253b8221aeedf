"""From calendars to upcoming events."""

"""Everything that speaks to Opencast: HTTP, service discovery, calendar, states, ingest calls."""

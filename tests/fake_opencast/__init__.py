"""The parts of the fake Opencast server; ``opencast_server`` is its door."""

"""The streamer: one input, encoded once, sent to any number of destinations."""

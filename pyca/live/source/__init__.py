"""Where the stream comes from: an input, read and encoded once, and the slate that stands in for it."""

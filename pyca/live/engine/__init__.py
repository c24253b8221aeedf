"""The streamer itself: one thread that makes one stream out of programs and gives it to all that take it."""

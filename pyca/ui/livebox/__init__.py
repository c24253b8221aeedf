"""The livebox interface: the streamer for programs, in the page and in an application of its own."""

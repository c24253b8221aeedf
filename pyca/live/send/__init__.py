"""Where the stream goes to: addresses, and for each of them one process with a life of its own."""

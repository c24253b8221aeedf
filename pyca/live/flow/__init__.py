"""What a stream is made of, and the descriptors through which it passes from one process to the next."""

"""Images as files, as pictures that people look at, and on their way between processes."""

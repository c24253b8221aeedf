"""The process of one pipeline: receives, processes, sends, and listens to the server between."""

"""What the interfaces of the camera server and of the pipeline server have in common."""

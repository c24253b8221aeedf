"""The pipeline server: what is made of the images of cameras."""

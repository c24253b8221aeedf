"""What is done to an image, and what is made of it."""

"""What is kept on disk: configurations of cameras, backgrounds, scripts."""

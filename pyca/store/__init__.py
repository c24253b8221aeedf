"""The shared database: what the services know, and how they meet."""

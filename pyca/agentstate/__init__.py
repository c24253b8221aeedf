"""What the server is told about this agent and its recordings."""

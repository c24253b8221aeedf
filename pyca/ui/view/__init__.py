"""What pages and API tell, gathered from the database and the machine."""

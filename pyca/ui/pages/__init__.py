"""What people see: one module for each page, and what its buttons do."""

"""``pyca doctor``: will this box record, and what is to be done where not? One module for each theme."""

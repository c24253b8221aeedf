"""Functions and scripts of users, run where that is switched on."""

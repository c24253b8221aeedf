"""Where frames come from: one contract, one module for each kind of camera."""

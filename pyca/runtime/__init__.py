"""Being a good Unix process: service loop, supervisor, child processes, sd_notify, logs."""

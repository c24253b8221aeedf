"""What is done to an image, and what is found in it: functions of arrays alone."""

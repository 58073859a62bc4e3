"""Signal and image preprocessing in numpy alone: the same code trains and runs on the device."""

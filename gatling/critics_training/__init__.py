"""Training the critics: examples of nodes, the monotone network, the weights of all critics, a first calibration."""

"""The registry of models: bundles, a signed history from which their states follow, and the gate."""

"""Training: every part fitted, calibrated, and evaluated on later applications."""

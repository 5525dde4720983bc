"""Monitoring of what was served: drift and performance by period, each day's look, as plain values."""

"""The service: HTTP API, desk, background jobs, settings and wiring."""

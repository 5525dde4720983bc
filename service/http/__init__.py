"""HTTP: routes, callers, limits, problems and the front that keeps slow bodies away from the workers."""

"""Signs of fraud: one small named, documented function each, all measured on one reading of an assessment's evidence."""

from graph.signals.catalogue import DIMENSIONS, SIGNALS, Path, Reading, Signal, SignalFunction, compute, measured, read

__all__ = ["DIMENSIONS", "SIGNALS", "Path", "Reading", "Signal", "SignalFunction", "compute", "measured", "read"]

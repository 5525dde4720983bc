"""The watch over loans in force and flagged rings: what new facts change about them, as alerts."""

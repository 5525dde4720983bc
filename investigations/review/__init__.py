"""The weekly review: rings found, saved, compared with last week's, judged, and reported."""

"""Before the application: requests are read whole, sorted into lanes and given their turns, so that nobody's request holds up the others."""

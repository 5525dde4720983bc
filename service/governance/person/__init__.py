"""What is held about one person, for that person: as JSON and as a page."""

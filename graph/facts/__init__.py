"""What is held true of people and things: the one answer each, over one of them and over columns alike."""

"""From the store's journal into the frame: an entry's facts, mentions, reference data and ring snapshots."""

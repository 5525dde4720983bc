"""From groups to this week's rings: lasting ids, changes since last week, what flags cost the honest."""

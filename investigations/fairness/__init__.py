"""How fair decisions are: groups of people, how each fares, and what ties by place alone do to them."""

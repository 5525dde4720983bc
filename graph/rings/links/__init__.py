"""Links between applicants that follow from what they share, and the communities in them."""

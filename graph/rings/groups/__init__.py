"""Groups of applicants: measures, kinds, and which are flagged within the budget for honest people."""

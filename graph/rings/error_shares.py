"""How much a search may be wrong, unless somebody asks for other shares."""

HONEST_BUDGET = 0.002  # of the honest may be in flagged groups
FALSE_ALARMS = 0.01  # of the groups that only a store's habits speak against may stand out by chance

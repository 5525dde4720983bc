"""The weekly ring search: shared values to links, links to groups, groups to rings with lasting ids."""

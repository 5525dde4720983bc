"""The weekly search for groups that act together: shared values to links, links to groups, groups to rings that keep their names."""

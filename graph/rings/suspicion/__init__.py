"""How suspicious applicants are: features, what labels and other stores taught, the store's own habits."""

"""The workshop: a view to a model, a model to a probability."""

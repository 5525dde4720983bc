"""Gates: what a model or a policy must show of groups and shares before it serves."""

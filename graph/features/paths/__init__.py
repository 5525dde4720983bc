"""Evidence paths: where a neighbourhood shows a feature, in compiled code and in names."""

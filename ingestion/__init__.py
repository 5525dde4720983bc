"""The door: anyone's tables to our words."""

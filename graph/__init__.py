"""The core: who shares which identifier with whom, and when. Imports no other package of this house."""

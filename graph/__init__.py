"""The core: who shares what with whom, and when. Imports no other room."""

"""Cases in the casebook: opened, queued, worked on and concluded, and what they came to."""

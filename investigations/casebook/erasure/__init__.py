"""What an erasure makes of a casebook: its plan, rows rewritten, and the signed lines that say so."""

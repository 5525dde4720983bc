"""The arrays of the frame: rows of fixed width, ordered lists, a heap of texts; read, and written by rows."""

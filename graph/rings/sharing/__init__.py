"""Who shares what with whom, in time order, and what a counter or a shared payment explains of it."""

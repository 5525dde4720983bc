"""From neighbourhoods to the graphs that the network reads, one or very many."""

"""Features: named functions over a Neighbourhood, compiled; one subject or many, serving or learning, they give the same bits."""

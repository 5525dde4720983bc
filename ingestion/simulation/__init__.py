"""A made-up world of lenders, applicants and crews, written as a delivery with its truth beside it."""

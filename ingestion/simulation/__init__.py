"""Simulates a world of lenders, applicants and crews, written as a delivery with its ground truth."""

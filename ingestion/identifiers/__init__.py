"""What somebody wrote as an identifier: its form and checks, one spelling for all, and its pseudonym."""

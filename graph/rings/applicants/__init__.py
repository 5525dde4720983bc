"""What is known of each applicant alone: activity, labels, columns of everybody."""

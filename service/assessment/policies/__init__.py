"""Policy files as assessments use them: which are in force at a moment, for a lender."""

"""What is said of models, people and groups beside the requests: drift, fairness, promotion."""

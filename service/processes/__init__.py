"""What runs when the service is served: the checks before, its workers, and the processes beside them."""

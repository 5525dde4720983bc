"""From a request to a recorded answer: parse, look, conclude, respond, redact, record; and the same for batches and replays."""

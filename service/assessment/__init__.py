"""Assessments from request to recorded answer (parse, evaluate, conclude, record, redact), for single
requests, batches and replays.
"""

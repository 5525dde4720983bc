"""Webhooks: signed messages to the endpoints of the settings, sent until they are taken or dead letters."""

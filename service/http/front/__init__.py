"""The front: reads requests whole, sorts them into lanes and schedules turns, so that no request delays the
others.
"""

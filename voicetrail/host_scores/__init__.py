"""The scores of all visitors in one place, for the host alone: SQLite, or PostgreSQL where several hosts share one table.

A result goes to a waiting file on the host's own disk first, and from there to the database, in a thread: a database that is away
costs nothing but time. Only this package imports SQLAlchemy; a visitor's game has ``voicetrail.scores.shared``.
"""

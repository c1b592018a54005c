"""The shared scores of all visitors, on the side of the host: in SQLite, or in PostgreSQL for several hosts with one table.

A result is first written to a waiting file on the host's disk, and a thread moves it to the database. So no result is lost while
the database is unreachable. Only this package imports SQLAlchemy; a visitor's game uses ``voicetrail.scores.shared``.
"""

"""The shared scores of a host in a visitor's game: records, the table of a day, and the connection to the host.

Only the host has the database (``voicetrail.host_scores``): a visitor's game knows neither its address nor its password.
"""

VARIABLE = "VOICETRAIL_HOST_SCORES"
"""Environment variable with the descriptor of the socket that a visitor's game inherits from its host."""

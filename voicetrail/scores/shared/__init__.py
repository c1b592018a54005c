"""The results of all visitors of a host, as a visitor's game knows them: records, the table of a day, and the connection to the host.

What keeps them is the host's alone (``voicetrail.host_scores``): a visitor's game knows neither the database nor its password.
"""

VARIABLE = "VOICETRAIL_HOST_SCORES"
"""Environment variable with the number of the socket that a visitor's game inherits from its host."""

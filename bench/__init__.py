"""What the game costs, measured from outside; ``make bench`` prints it. Never part of the tests: figures depend on the machine."""

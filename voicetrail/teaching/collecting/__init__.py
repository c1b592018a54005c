"""Collects takes from files and replays, compares them, shows them, and saves them until a set is made from them."""

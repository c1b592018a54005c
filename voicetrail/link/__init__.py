"""The network protocol for sound and words, both ends: addresses, access control, handshake, connection, server, sources."""

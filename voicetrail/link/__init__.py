"""The two halves of the network protocol for sound and words: addresses, handshake, connections, server, sources."""

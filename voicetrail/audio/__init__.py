"""Where sound comes from: microphones, files, lines over the network."""

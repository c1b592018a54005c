"""Where sound comes from on this machine: microphones, files, pipes; and what is done to it before it is recognized."""

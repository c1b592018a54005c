"""Sound of this machine: microphones, files and pipes as sources, and their processing before recognition (gain, levels, channels)."""

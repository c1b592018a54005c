"""The modes: sketch, trace, maze, snake and echo, each a pure function of its inputs and their times."""

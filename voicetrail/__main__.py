"""``python -m voicetrail``, also what ``torchrun -m voicetrail train`` starts."""

from voicetrail.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

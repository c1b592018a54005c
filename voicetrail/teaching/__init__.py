"""Words of one's own: takes are recorded, a head is trained on a frozen backbone, and the result is a weights file.

A taught set of words is an ordinary weights file (the backbone with another head) beside the takes that it was made from. What
plays, listens and classifies with shipped weights therefore does so with taught words too.
"""

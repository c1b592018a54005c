"""Teaching words: takes are recorded, a head is trained on a frozen backbone, and the result is a weights file.

A set of taught words is an ordinary weights file (the backbone with another head), together with the takes that it was made from.
Everything that works with shipped weights therefore works with taught words too.
"""

"""The source tree as the checks see it: a root folder and the files of the product below it."""

import os
import re

ROOMS = ("core", "store", "modes", "cmd")


class Tree:
    def __init__(self, root):
        self.root = root

    def files(self, tops, ends):
        """Paths below the folders `tops`, relative to the root, whose names end in one of `ends`."""
        found = []
        for top in tops:
            for folder, _, names in os.walk(os.path.join(self.root, top)):
                found += [os.path.relpath(os.path.join(folder, name), self.root)
                          for name in names if name.endswith(ends)]
        return sorted(found)

    def product(self, ends=(".c", ".h", ".cc")):
        return self.files(ROOMS, ends)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def exists(self, path):
        return os.path.exists(os.path.join(self.root, path))


def without_comments(text):
    """C source with comments and the insides of strings blanked; lines keep their numbers."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return pattern.sub(blank, text)

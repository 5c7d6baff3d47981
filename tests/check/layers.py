"""Includes point down the layers of tests/layers.txt.

A file belongs to the longest folder listed there. It may include its own folder and folders on
lines above. Our headers are named from the top of the tree, in quotes."""

import re


def read_ranks(tree):
    ranks = {}
    for number, line in enumerate(tree.text("tests/layers.txt").splitlines(), 1):
        if not line.startswith("#"):
            ranks.update({folder: number for folder in line.split()})
    return ranks


def room_of(path, ranks):
    folder = path.rpartition("/")[0]
    while folder and folder not in ranks:
        folder = folder.rpartition("/")[0]
    return folder


def problem_with(include, room, ranks, tree):
    if not tree.exists(include):
        return f'"{include}": no such file; name our headers from the top of the tree'
    to = room_of(include, ranks)
    if not to:
        return f'"{include}" is in no folder of tests/layers.txt'
    if to != room and ranks[to] >= ranks[room]:
        return f"{room} may not include {to} (see tests/layers.txt)"
    return None


def check(tree):
    ranks = read_ranks(tree)
    found = []
    for path in tree.product():
        room = room_of(path, ranks)
        if not room:
            found.append(f"{path}: its folder is not in tests/layers.txt")
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            problem = match and problem_with(match.group(1), room, ranks, tree)
            if problem:
                found.append(f"{path}:{number}: {problem}")
    return found


LAYERS = "core/base\ncore/net core/pki\nstore\ncmd\n"

BAD = {
    "an arrow up": {"tests/layers.txt": LAYERS, "store/s.h": "",
                    "core/net/n.c": '#include "store/s.h"\n'},
    "an arrow sideways": {"tests/layers.txt": LAYERS, "core/pki/p.h": "",
                          "core/net/n.c": '#include "core/pki/p.h"\n'},
    "an arrow up from a folder inside": {"tests/layers.txt": LAYERS, "store/s.h": "",
                                         "core/net/deep/n.c": '#include "store/s.h"\n'},
    "a header named from beside": {"tests/layers.txt": LAYERS, "core/net/n.h": "",
                                   "core/net/n.c": '#include "n.h"\n'},
    "a folder nobody listed": {"tests/layers.txt": LAYERS, "core/misc/m.c": ""},
    "a test header in the product": {"tests/layers.txt": LAYERS, "tests/tap.h": "",
                                     "core/net/n.c": '#include "tests/tap.h"\n'},
}
GOOD = {"tests/layers.txt": LAYERS, "core/base/b.h": "", "core/net/n.h": "",
        "core/net/n.c": '#include "core/net/n.h"\n#include <uv.h>\n#include "core/base/b.h"\n',
        "cmd/main.c": '#include "core/net/n.h"\n'}

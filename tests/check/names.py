"""A module's base name is unique in the tree, because it is the prefix of what the module exports;
so are the names of test programs, which ctest knows by them."""

import os
from collections import defaultdict


def check(tree):
    found = []
    groups = (tree.product((".c", ".cc")), tree.product((".h",)),
              tree.files(("tests/unit", "tests/sim", "tests/fuzz", "bench"), (".c",)))
    for paths in groups:
        by_name = defaultdict(list)
        for path in paths:
            by_name[os.path.basename(path).rpartition(".")[0]].append(path)
        found += [f"{', '.join(same)}: one base name, '{name}'"
                  for name, same in sorted(by_name.items()) if len(same) > 1]
    return found


BAD = {
    "two modules of one name": {"core/net/conn.c": "", "store/conn.c": ""},
    "two headers of one name": {"core/net/conn.h": "", "store/conn.h": ""},
    "two tests of one name": {"tests/unit/core/net/conn_test.c": "", "tests/unit/store/conn_test.c": ""},
}
GOOD = {"core/net/conn.c": "", "core/net/conn.h": "", "tests/unit/core/net/conn_test.c": ""}

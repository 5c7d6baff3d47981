"""A file past 600 lines usually holds two modules. Exceptions, with their reason, are listed in
tests/check/long-files.txt: one path and why on each line."""

LIMIT = 600
LIST = "tests/check/long-files.txt"


def check(tree):
    listed = {}
    if tree.exists(LIST):
        for line in tree.text(LIST).splitlines():
            if line.strip() and not line.startswith("#"):
                path, _, why = line.partition(" ")
                listed[path] = why.strip()
    found = [f"{LIST}: {path} has no reason" for path, why in listed.items() if not why]
    for path in tree.product():
        lines = tree.text(path).count("\n")
        if lines > LIMIT and path not in listed:
            found.append(f"{path}: {lines} lines, more than {LIMIT}")
        elif lines <= LIMIT and path in listed:
            found.append(f"{LIST}: {path} has {lines} lines now and need not be here")
    return found


BAD = {
    "a long file": {"core/a.c": "\n" * 601},
    "an exception without a reason": {"core/a.c": "\n" * 601, LIST: "core/a.c\n"},
    "an exception no longer needed": {"core/a.c": "\n", LIST: "core/a.c a generated table\n"},
}
GOOD = {"core/a.c": "\n" * 600, "core/b.c": "\n" * 601, LIST: "# why\ncore/b.c a generated table\n"}

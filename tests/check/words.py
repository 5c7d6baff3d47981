"""Functions that are not used here, and words that promise work not done."""

import re

from tree import without_comments

BANNED = {
    "strcpy": "str/buf functions know their size", "strcat": "use buf", "strncpy": "use memcpy",
    "strncat": "use buf", "sprintf": "snprintf", "vsprintf": "vsnprintf", "gets": "fgets",
    "strtok": "it keeps state in a global", "atoi": "it cannot say 'not a number'",
    "atol": "it cannot say 'not a number'", "gmtime": "gmtime_r", "localtime": "localtime_r",
    "alloca": "what a peer can grow must not be on the stack",
}
CALL = re.compile(r"(?<![A-Za-z0-9_])(" + "|".join(BANNED) + r")\s*\(")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b") # in halves: this file is read, too
PROGRAMS = ("tests/run", "tests/cases/run", "tests/check/run", "tests/coverage", "build.sh", ".ci/run")


def check(tree):
    found = []
    sources = tree.product() + tree.files(("tests", "bench"), (".c", ".h"))
    for path in sources:
        for number, line in enumerate(without_comments(tree.text(path)).splitlines(), 1):
            found += [f"{path}:{number}: {name}: {BANNED[name]}" for name in CALL.findall(line)]
    scripts = tree.files(("tests", "bench", "cmake"), (".py", ".sh", ".cmake")) + list(filter(tree.exists, PROGRAMS))
    for path in sources + scripts:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if UNFINISHED.search(line):
                found.append(f"{path}:{number}: {line.strip()}")
    return found


BAD = {
    "strcpy": {"core/a.c": "void f(char *a) { strcpy(a, \"x\"); }\n"},
    "sprintf in a test": {"tests/unit/a_test.c": "int main(void) { sprintf (b, \"x\"); }\n"},
    "gmtime": {"store/a.c": "t = *gmtime(&now);\n"},
    "unfinished work": {"cmd/a.c": "/* TO" "DO: more */\n"},
    "unfinished work in a script": {"tests/run": "# FIX" "ME\n"},
}
GOOD = {"core/a.c": "/* not strcpy(a, b) */ snprintf(b, n, \"atoi(x)\"); gmtime_r(&t, &tm); my_atoi(x);\n"}

"""What core/lb/lb_maglev.c exports begins with lb_maglev_, or is lb_maglev itself.

Read from the object files of a development build (build/asan or build/debug), so macros that make
functions are seen too. A C++ shim is judged by its extern "C" names."""

import os
import subprocess

BUILDS = ("build/asan", "build/debug")
OBJECTS = "CMakeFiles/meshlib.dir"


def exported(tree, obj):
    """Names that an object file defines for others; the compiler's own (a leading _, or a
    dot as in DW.ref.x) are left out."""
    out = subprocess.run(["nm", "-g", "--defined-only", "-P", os.path.join(tree.root, obj)],
                         stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    names = [line.split()[0] for line in out.splitlines() if line.strip()]
    return [name for name in names if not name.startswith("_") and "." not in name]


def check(tree):
    build = next((b for b in BUILDS if tree.exists(f"{b}/{OBJECTS}")), None)
    if not build:
        return ["no objects to read: run ./build.sh build --asan"]
    found, objects = [], f"{build}/{OBJECTS}/"
    for obj in tree.files([objects], (".c.o", ".cc.o")):
        source = obj[len(objects):-len(".o")]
        if not tree.exists(source):
            continue # left over from a file that is gone
        module = os.path.basename(source).rpartition(".")[0]
        found += [f"{source}: exports {name}; its prefix is {module}_" for name in exported(tree, obj)
                  if name != module and not name.startswith(module + "_")]
    return found


# C sources here are compiled by the self-test.
BAD = {
    "a stray export": {"core/net/conn.c": "int conn_open(void); int conn_open(void) { return 0; }\n"
                                          "int connect_it(void); int connect_it(void) { return 0; }\n"},
    "a stray variable": {"core/net/conn.c": "int limit = 3;\n"},
    "nothing built": {},
}
GOOD = {"core/net/conn.c": "int conn; int conn_limit; static int other; int *conn_p(void);\n"
                           "int *conn_p(void) { return &other; }\n"}

"""docs/reference is what the program says of itself."""

import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_pages_are_those_of_the_program(mesh, tmp_path):
    """After a change of the tables: mesh explain --pages docs/reference."""
    mesh.run("explain", "--pages", tmp_path)
    kept = os.path.join(TOP, "docs/reference")
    names = sorted(os.listdir(tmp_path))
    assert sorted(set(os.listdir(kept)) - {"analyze.md"}) == names
    assert [name for name in names if read(os.path.join(kept, name)) != read(tmp_path / name)] == []

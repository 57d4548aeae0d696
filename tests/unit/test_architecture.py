"""Claims about the layout of the source: its picture is current, and the graphs behind it are read right."""

from collections import Counter
from xml.etree import ElementTree as ET

from tests.architecture import (
    PICTURE,
    circles,
    folder_of,
    import_graph,
    layers,
    module_files,
    picture,
    room_of,
    rooms_of,
)

MOST_MODULES = 20
REMEDY = "run: python -m tests.architecture"


def written(folder, **sources):
    package = folder / "abm"
    package.mkdir()
    for name, source in {"__init__": "", **sources}.items():
        (package / f"{name}.py").write_text(source)
    return module_files(package)


def test_the_picture_of_the_architecture_is_current():
    assert PICTURE.read_text(encoding="utf-8") == picture(), REMEDY


def test_the_picture_is_well_formed_and_shows_every_room():
    root = ET.fromstring(picture())
    shown = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert shown >= set(layers())


def test_every_module_is_in_a_room_or_at_the_front():
    files = module_files()
    rooms = rooms_of(files)
    assert {room_of(name) for name in files} - set(rooms) == {"__init__", "__main__", "extension"}
    assert all(room.purpose for room in rooms.values())


def test_imports_within_functions_count_and_those_for_types_do_not(tmp_path):
    files = written(
        tmp_path,
        one="def late():\n    from abm.two import late\n",
        two="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from abm import one\n",
        three="import abm.one\nfrom abm import two\n",
    )
    assert sorted(import_graph(files).edges) == [
        ("abm.one", "abm.two"),
        ("abm.three", "abm.one"),
        ("abm.three", "abm.two"),
    ]


def test_circles_are_found(tmp_path):
    files = written(tmp_path, one="import abm.two\n", two="import abm.three\n", three="import abm.one\n")
    assert circles(import_graph(files)) == [["abm.one", "abm.three", "abm.two"]]


def test_modules_import_each_other_only_in_pairs_within_one_folder():
    found = circles(import_graph())
    assert [one for one in found if len(one) > 2 or len(set(map(folder_of, one))) > 1] == []


def test_no_folder_holds_more_than_twenty_modules():
    modules = Counter(folder_of(name) for name, path in module_files().items() if path.name != "__init__.py")
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}

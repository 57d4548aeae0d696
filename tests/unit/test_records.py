"""Records: what the one door to YAML lets in, and what it says of the rest."""

from __future__ import annotations

import os
import pickle
from typing import ClassVar, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from abm.errors import InvalidInput, Problem, did_you_mean, nearest
from abm.records import (
    Document,
    Fault,
    Faults,
    FrozenMapping,
    Record,
    check,
    dump,
    load,
    load_list,
    shown_number,
)


class Ward(Record):
    """A record for these tests."""

    kind: ClassVar[str] = "ward"

    name: str = Field(description="what it is called")
    beds: int = Field(ge=1, description="open beds")
    occupancy: float = Field(default=0.9, ge=0, le=1, description="share of beds")
    staff: tuple[str, ...] = ()


class Hospital(Record):
    """A record that holds others."""

    kind: ClassVar[str] = "hospital"

    wards: tuple[Ward, ...]
    chief: Ward | None = None
    with_: dict[str, float] = Field(default_factory=dict, alias="with")


def problems_of(text, model=Hospital):
    """Return line and message of every problem of a text."""
    try:
        record, problems = check(Document.parse(text, "file.yaml"), model)
    except InvalidInput as error:
        problems = error.problems
    else:
        assert (record is None) == bool(problems)
    return [(problem.line, problem.message) for problem in problems]


class Rota(Record):
    """A record with values that may be of several forms."""

    kind: ClassVar[str] = "rota"

    shifts: Literal["all", "none"] | Ward = "all"
    hours: dict[str, tuple[float | bool, ...]] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shifts: some", "'shifts' is 'some'; it should be 'all' or 'none' or a mapping of keys to values"),
        (
            "shifts: {name: North, beds: 0}",
            "'shifts.beds' is 0; it should be greater than or equal to 1 (open beds)",
        ),
        ("shifts: {name: North}", "'beds' is missing from this ward; add it (open beds)"),
        ("hours: {ann: [8, x]}", "'hours.ann.1' is 'x'; it should be a valid number or true or false"),
    ],
)
def test_a_value_that_may_be_of_several_forms_is_told_of_once(text, told):
    ((_, message),) = problems_of(text, Rota)
    assert message == told


def test_record_is_loaded_frozen_with_its_lines(tmp_path):
    path = tmp_path / "ward.yaml"
    path.write_text("# a comment\nname: North\nbeds: 20\nstaff:\n  - ann\n  - ben\n", encoding="utf-8")
    ward = load(path, Ward)
    assert (ward.name, ward.beds, ward.occupancy, ward.staff) == ("North", 20, 0.9, ("ann", "ben"))
    assert ward.document is not None
    assert ward.document.line(("beds",)) == 3
    assert ward.document.line(("staff", 1)) == 6
    with pytest.raises(ValueError, match="frozen"):
        ward.beds = 3


def test_line_of_unknown_path_is_that_of_the_nearest_enclosing_key():
    document = Document.parse("a:\n  b: 1\n", "file.yaml")
    assert document.line(("a", "missing", "deeper")) == 1
    assert document.line(("a", "b")) == 2
    with pytest.raises(KeyError):
        document.value(("a", "missing"))


def test_scalars_follow_the_core_schema_of_yaml_1_2():
    text = "[yes, on, 2014-04, 2014-04-01, 1:30, 010, 0o10, 0x1F, 1e-3, .5, -1, true, null, ~, '1', !!str 1, !!float 1]"
    expected = [
        "yes",
        "on",
        "2014-04",
        "2014-04-01",
        "1:30",
        10,
        8,
        31,
        0.001,
        0.5,
        -1,
        True,
        None,
        None,
        "1",
        "1",
        1.0,
    ]
    data = Document.parse(text, "file.yaml").data
    assert data == expected
    assert [type(value) for value in data] == [type(value) for value in expected]


def test_keys_are_text_and_an_anchor_repeats_its_value():
    document = Document.parse("0: &base {beds: 3}\n1.5: *base\n2016-04: x\n", "file.yaml")
    assert document.data == {"0": {"beds": 3}, "1.5": {"beds": 3}, "2016-04": "x"}


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcdefgh_.", min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_dump_is_read_back_to_the_same_values(data):
    assert Document.parse(dump(data), "file.yaml").data == data


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_problem(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_bytes(content)
    try:
        Document.read(path)
    except InvalidInput as error:
        assert error.problems


@given(st.text("ab:[]{}&*!-?|>'\"#%@, \n\t0.", max_size=60))
def test_any_text_is_read_or_refused_with_a_problem(text):
    try:
        Document.parse(text, "file.yaml")
    except InvalidInput as error:
        assert error.problems


def test_dump_refuses_what_is_not_plain():
    with pytest.raises(TypeError, match="plain values"):
        dump({"a": object()})


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "name: !!python/object/apply:os.system ['x']",
            1,
            "tag '!!python/object/apply:os.system' is not allowed",
        ),
        ("name: !thing x", 1, "tag '!thing' is not allowed"),
        ("name: !!timestamp 2014-01-01", 1, "tag '!!timestamp' is not allowed"),
        ("name: !!set {a}", 1, "tag '!!set' is not allowed"),
        ("name: !!binary aGk=", 1, "tag '!!binary' is not allowed"),
        ("name: !!int abc", 1, "'abc' cannot be read as the number"),
        ("name: x\nbeds: 2\nname: y", 3, "'name' is given twice, first on line 1"),
        ("name: x\n\tbeds: 2", 2, "starts with a tab"),
        ("name: x\nbeds: [1, 2", 2, "is not YAML"),
        ("name: \x00", 1, "character 0x00 is not text"),
        ("name: *nobody", 1, "alias '*nobody' has no value"),
        ("name: &a [1, *a]", 1, "alias '*a' has no value"),
        ("? [a]\n: 1", 1, "a list or mapping as a key"),
        ("---\nname: x\n---\nname: y", 3, "starts a second document"),
        ("[" * 3000, 1, "nests deeper"),
        ("beds: " + "9" * 5000, 1, "cannot be read as the number"),
        ("- x", 1, "it should be a mapping"),
    ],
)
def test_unsafe_or_broken_yaml_is_refused_with_its_line(text, line, message):
    found = problems_of(text, Ward)
    assert any(at == line and message in told for at, told in found), found


PARSERS = [parser for name in ("CSafeLoader", "SafeLoader") if (parser := getattr(yaml, name, None))]
LIMIT_OF_LEVELS = 32


def levels_of(value: object) -> int:
    """Return the number of levels between a document and its deepest value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + levels_of(item) for item in inner), default=0)


@st.composite
def nested(draw: st.DrawFn) -> tuple[str, int]:
    """Nest lists and mappings to any depth, in brackets or by indentation; return the text and its levels."""
    depth = draw(st.one_of(st.integers(0, 40), st.integers(30, 36), st.integers(900, 1500)))
    block = draw(st.integers(0, min(depth, 40)))
    kinds = ["[", "{a: ", "[b, ", "[ # [[\n", '["[[", ', "[ &x ", "[\n"]
    opening = draw(st.one_of(st.just(["["]), st.lists(st.sampled_from(kinds), min_size=1)))
    flow = [opening[level % len(opening)] for level in range(depth - block)]
    closing = "".join("}" if part.startswith("{") else "]" for part in reversed(flow))
    indented = "".join(f"a:\n{'  ' * (level + 1)}" for level in range(block))
    lines = "".join(flow).replace("\n", "\n" + "  " * (block + 1))
    return f"{indented}{lines}1{closing}", depth


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=50)
@given(text_and_levels=nested())
def test_nesting_of_any_depth_is_read_or_refused_in_our_words(parser, text_and_levels):
    text, levels = text_and_levels
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("abm.records.composer._PARSER", parser)
        if levels <= LIMIT_OF_LEVELS:
            assert levels_of(Document.parse(text, "file.yaml").data) == levels
            return
        with pytest.raises(InvalidInput) as caught:
            Document.parse(text, "file.yaml")
    (problem,) = caught.value.problems
    assert problem.message == "nests deeper than 32 levels; abm's files need about six"
    assert problem.line is not None


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    "text",
    [
        "a: |\n  " + "[" * 2000 + "\nb: @x",
        "a: '" + "[" * 900 + "'\nb: @x",
        "a: [" + "'[[[[', " * 100 + "@x]",
        "a: [ # " + "[" * 900 + "\n @x]",
        "a: it's " + "[" * 900 + "\nb: @x",
        "a: [" + "[], " * 200 + "@x]",
        'a: "\\UFFFFFFFF"',
        "%YAML 1." + "9" * 5000 + "\n--- a",
    ],
)
def test_brackets_that_open_nothing_do_not_count_as_nesting(text, parser, monkeypatch):
    monkeypatch.setattr("abm.records.composer._PARSER", parser)
    ((_, message),) = problems_of(text, Ward)
    assert message.startswith("is not YAML: ")
    assert "nests" not in message


def test_aliases_that_would_unfold_into_millions_of_values_are_refused():
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    ((line, message),) = problems_of("\n".join(lines))
    assert "aliases repeat more than 10,000 values" in message
    assert line == 4


def test_every_problem_is_found_at_once():
    wards = "wards:\n  - {name: A, beds: 0}\n  - {nam: B, beds: '3', occupancy: 2}\n"
    text = wards + "chief: {name: C}\nwith: {x: much}\nsize: 3\n"
    assert problems_of(text) == [
        (2, "'wards.0.beds' is 0; it should be greater than or equal to 1 (open beds)"),
        (3, "'name' is missing from this ward; add it (what it is called)"),
        (3, "'wards.1.beds' is '3'; it should be a valid integer (open beds)"),
        (3, "'wards.1.occupancy' is 2; it should be less than or equal to 1 (share of beds)"),
        (3, "'nam' is not a key of a ward; did you mean 'name'? Valid keys: name, beds, occupancy, staff."),
        (4, "'beds' is missing from this ward; add it (open beds)"),
        (5, "'with.x' is 'much'; it should be a valid number"),
        (6, "'size' is not a key of a hospital. Valid keys: wards, chief, with."),
    ]


TAGGED = "tag '!thing' is not allowed; abm reads plain values only, remove the tag"


def test_a_tag_hides_no_fault_of_what_it_stands_before():
    below = "wards:\n  - !thing {nam: A}\nchief: !thing [3]\nsize: 3\n"
    assert [(line, told.partition(".")[0]) for line, told in problems_of(below)] == [
        (2, TAGGED),
        (3, TAGGED),
        (2, "'name' is missing from this ward; add it (what it is called)"),
        (2, "'beds' is missing from this ward; add it (open beds)"),
        (2, "'nam' is not a key of a ward; did you mean 'name'? Valid keys: name, beds, occupancy, staff"),
        (4, "'size' is not a key of a hospital"),
    ]
    assert [told for _, told in problems_of("!thing\nname: A\n", Ward)] == [
        TAGGED,
        "'beds' is missing from this ward; add it (open beds)",
    ]


def test_a_key_given_twice_hides_no_fault_of_either_value_nor_of_the_rest():
    text = "chief: {name: C, beds: 0}\nchief:\n  name: D\n  name: 4\n  bed: 5\n  staff: !thing x\nwith: 3\n"
    assert [(line, told.partition(";")[0]) for line, told in problems_of(text)] == [
        (2, "'chief' is given twice, first on line 1"),
        (4, "'name' is given twice, first on line 3"),
        (6, "tag '!thing' is not allowed"),
        (1, "'wards' is missing from this hospital"),
        (1, "'chief.beds' is 0"),
        (7, "'with' is 3"),
        (2, "'beds' is missing from this ward"),
        (5, "'bed' is not a key of a ward"),
    ]


def test_what_is_wrong_with_a_key_is_said_once_if_it_is_given_twice():
    found = problems_of("wards: []\nsize: 3\nsize: 4\n")
    assert [(line, told.partition(".")[0].partition(";")[0]) for line, told in found] == [
        (3, "'size' is given twice, first on line 2"),
        (2, "'size' is not a key of a hospital"),
    ]


def test_values_in_lists_are_checked_where_a_key_in_them_is_given_twice():
    text = "wards:\n  - {name: A, beds: 1}\n  - name: B\n    beds: 2\n    beds: 0\n"
    assert [(line, told.partition(";")[0]) for line, told in problems_of(text)] == [
        (5, "'beds' is given twice, first on line 4"),
        (5, "'wards.1.beds' is 0"),
    ]


@pytest.mark.parametrize("value", ["'20'", "true", "2.5", "null", "[20]"])
def test_a_whole_number_is_neither_text_nor_truth_nor_a_fraction(value):
    found = problems_of(f"name: A\nbeds: {value}\n", Ward)
    assert [line for line, _ in found] == [2]


@pytest.mark.parametrize("value", [".nan", ".inf", "1e999", "'0.5'", "true"])
def test_a_number_is_finite_and_neither_text_nor_truth(value):
    assert [line for line, _ in problems_of(f"name: A\nbeds: 1\noccupancy: {value}\n", Ward)] == [3]


def test_list_of_records_reports_all_its_items(tmp_path):
    path = tmp_path / "wards.yaml"
    path.write_text("- {name: A, beds: 1}\n- {name: B, beds: 2}\n", encoding="utf-8")
    assert [ward.name for ward in load_list(path, Ward)] == ["A", "B"]
    path.write_text("- {name: A, beds: x}\n- {name: B}\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as raised:
        load_list(path, Ward)
    assert [problem.line for problem in raised.value.problems] == [1, 2]
    path.write_text("name: A\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="a list of wards"):
        load_list(path, Ward)


def test_faults_of_a_validator_get_their_own_lines():
    document = Document.parse("a:\n  b: 1\n  c: 2\n", "file.yaml")
    faults = Faults([Fault(("b",), "first"), Fault(("c",), "second")])
    found = [document.problem(fault.under("a").path, fault.message) for fault in faults.faults]
    assert [str(problem) for problem in found] == ["file.yaml:2  first", "file.yaml:3  second"]


def test_missing_files_and_directories_are_problems(tmp_path):
    for path, message in ((tmp_path / "none.yaml", "does not exist"), (tmp_path, "is a directory")):
        with pytest.raises(InvalidInput, match=message):
            Document.read(path)


def test_empty_and_oversized_files_are_problems(tmp_path, monkeypatch):
    path = tmp_path / "file.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(InvalidInput, match="is empty"):
        Document.read(path)
    monkeypatch.setattr("abm.records.bounds.YAML_BYTES", 10)
    path.write_text("name: something long\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="larger than 10 bytes"):
        Document.read(path)


def test_text_that_is_not_utf_8_is_a_problem_with_its_line(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InvalidInput) as raised:
        Document.read(path)
    assert raised.value.problems[0].line == 2


def test_byte_order_mark_is_ignored(tmp_path):
    path = tmp_path / "file.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert Document.read(path).data == {"a": 1}


def test_invalid_input_sorts_its_problems_drops_repeats_and_travels_between_processes():
    problems = [
        Problem("b.yaml", 3, "x"),
        Problem("a.yaml", 9, "y"),
        Problem("b.yaml", 3, "x"),
        Problem("b.yaml", None, "z"),
    ]
    error = InvalidInput(problems)
    assert str(error) == "a.yaml:9  y\nb.yaml  z\nb.yaml:3  x"
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_frozen_mapping_keeps_order_and_travels_between_processes():
    mapping = FrozenMapping({"b": 1, "a": 2})
    copy = pickle.loads(pickle.dumps(mapping))
    assert list(copy.items()) == [("b", 1), ("a", 2)]
    assert copy == mapping
    assert hash(copy) == hash(FrozenMapping({"a": 2, "b": 1}))
    assert "FrozenMapping" in repr(copy)
    with pytest.raises(TypeError):
        copy["a"] = 3


def test_nearest_name_is_suggested_only_if_near():
    assert (
        did_you_mean("leadership.efort", ["leadership.effort", "trust.gain"])
        == "; did you mean 'leadership.effort'?"
    )
    assert did_you_mean("weather", ["leadership.effort"]) == "."


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("sustaned", "sustained_leadership"),
        ("trust.upp", None),
        ("trust.los", "trust.loss"),
        ("trust.sesion", "contact.session"),
        ("trst.loss", "trust.loss"),
        ("loss", "trust.loss"),
    ],
)
def test_nearest_name_is_of_the_same_group_or_has_the_right_word(name, near):
    valid = [
        "trust.loss",
        "trust.kept_by_partner",
        "contact.session",
        "sustained_leadership",
        "closure.loss_rate",
    ]
    assert nearest(name, valid) == near


class Clinic(Record):
    """A record of a list that must not be empty, whose values may contradict each other."""

    kind: ClassVar[str] = "clinic"

    wards: tuple[Ward, ...] = Field(min_length=1, description="at least one ward")
    beds: int = 0
    pair: tuple[float, float] = (0.0, 1.0)
    chief: Ward | None = None
    mixed: float | dict[str, float] = 0.0

    def disagreements(self, faulty=frozenset()):
        """Compare the beds of the wards with the clinic's."""
        if sum(ward.beds for ward in self.wards) > self.beds:
            yield Fault(("beds",), "has fewer beds than its wards")


def test_one_bad_item_does_not_make_its_list_too_short():
    ((line, message),) = problems_of("wards:\n  - {name: A, beds: 1, occupancy: 2}\nbeds: 3\n", Clinic)
    assert line == 2
    assert "'wards.0.occupancy' is 2" in message


def test_an_empty_list_is_told_in_plain_words():
    found = problems_of("wards: []\nbeds: 3\npair: [0, 1, 2]\n", Clinic)
    assert found[0] == (1, "'wards' is an empty list; it should hold at least 1 item (at least one ward)")
    assert "it should hold at most 2 items" in found[1][1]


def test_what_can_be_read_beside_a_fault_is_compared():
    wards = "wards:\n  - {name: A, beds: 9}\n  - {name: 3, beds: 1}\n"
    found = problems_of(f"{wards}beds: 5\nmixed: []\nchief: {{beds: 1}}\n", Clinic)
    assert (4, "has fewer beds than its wards") in found
    # A number that cannot be read holds nothing against the others.
    for beds in ("beds: many", "other: 1"):
        assert "fewer beds" not in str(problems_of("wards:\n  - {name: A, " + beds + "}\nbeds: 0\n", Clinic))


def test_a_pipe_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(InvalidInput, match="is a pipe, socket or device; name a regular file"):
        Document.read(tmp_path / "pipe.yaml")


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (25000.0, 4, "25,000"),
        (1e6, 6, "1,000,000"),
        (12345.678, 3, "12,346"),
        (-1234.5, 6, "-1,234.5"),
        (0.1 + 0.2, 6, "0.3"),
        (1e-5, 6, "0.00001"),
        (7, 6, "7"),
        (float("inf"), 6, "inf"),
        (1e300, 6, "1e+300"),
    ],
)
def test_a_number_for_people_has_thousands_apart_and_no_power_of_ten(value, digits, told):
    assert shown_number(value, digits) == told

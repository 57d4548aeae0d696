"""Seats belong to pages that run; whoever goes makes room within seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.interface.page.server.seats import CROWDED, FULL, GRACE, Seats, address_key
from abm.interface.page.server.talk import MESSAGES_A_SECOND, MOST_AT_ONCE, Pace


class World:
    """Kernels and a clock, as seats see them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.kernels: set[str] = set()

    def seats(self, most: int, of_address: int) -> Seats:
        return Seats(most, of_address, self.kernels.__contains__, self.kernels.discard, lambda: self.now)

    def start(self, seats: Seats, kernel: str, address: str) -> str:
        refusal = seats.take(kernel, address)
        if not refusal:
            self.kernels.add(kernel)
        return refusal


def test_a_full_server_says_so_and_a_crowded_address_too() -> None:
    world = World()
    seats = world.seats(3, 2)
    assert [world.start(seats, name, "a") for name in "xyz"] == ["", "", CROWDED]
    assert world.start(seats, "z", "b") == ""
    assert seats.refusal("b") == FULL


def test_a_place_is_kept_for_a_moment_and_then_given_to_a_newcomer() -> None:
    world = World()
    seats = world.seats(1, 1)
    world.start(seats, "x", "a")
    seats.leave("x")
    assert seats.refusal("b") == FULL
    world.now += GRACE
    assert world.start(seats, "y", "b") == ""
    assert world.kernels == {"y"}
    assert seats.take_again("x", "a") == FULL


def test_a_page_comes_back_while_nobody_needs_its_place() -> None:
    world = World()
    seats = world.seats(1, 1)
    world.start(seats, "x", "a")
    seats.leave("x")
    world.now += 100 * GRACE
    assert seats.take_again("x", "a") == ""
    assert seats.refusal("b") == FULL


def test_a_page_that_closes_gives_its_place_back_at_once() -> None:
    world = World()
    seats = world.seats(1, 1)
    world.start(seats, "x", "a")
    seats.leave("x")
    world.kernels.clear()
    assert seats.refusal("b") == ""


steps = st.tuples(
    st.sampled_from(["start", "leave", "back", "close", "wait"]), st.integers(0, 9), st.integers(0, 2)
)


@given(st.lists(steps, max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_there_are_never_more_pages_than_seats(
    history: list[tuple[str, int, int]], most: int, own: int
) -> None:
    world = World()
    seats = world.seats(most, own)
    connected: dict[str, str] = {}
    for step, number, address in history:
        kernel = f"k{number}"
        if step == "start" and kernel not in world.kernels and not world.start(seats, kernel, str(address)):
            connected[kernel] = str(address)
        elif step == "back" and kernel in world.kernels and kernel not in connected:
            if not seats.take_again(kernel, str(address)):
                connected[kernel] = str(address)
        elif step == "leave" and connected.pop(kernel, None):
            seats.leave(kernel)
        elif step == "close" and kernel not in connected:
            world.kernels.discard(kernel)
        elif step == "wait":
            world.now += GRACE / 2
        assert len(connected) <= most
        assert len(world.kernels) <= most
        assert set(connected) <= world.kernels
    for kernel in list(connected):
        seats.leave(kernel)
    world.now += GRACE
    assert seats.refusal("anybody") == ""


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),
    ],
)
def test_one_computer_is_one_address(one: str, other: str, is_same: bool) -> None:
    assert (address_key(one) == address_key(other)) == is_same


def test_a_flood_of_messages_waits_and_ordinary_ones_do_not() -> None:
    world = World()
    pace = Pace(lambda: world.now)
    assert sum(pace.wait_seconds() for _ in range(int(MOST_AT_ONCE))) == 0.0
    assert pace.wait_seconds() > 0.0
    world.now += 60.0
    for _ in range(1000):
        world.now += 2.0 / MESSAGES_A_SECOND
        assert pace.wait_seconds() == 0.0

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_node_agent.deploying.swap import Act, Move, Swap, back, finish, forward

OLD, NEW = "old", "new"


@dataclass
class Node:
    """The containers of a node: name -> which container it is, which of them run, and which names they are found by."""

    names: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    found_by: dict[str, str] = field(default_factory=dict)
    both_ran: bool = False

    def play(self, move: Move) -> None:
        match move.act:
            case Act.RENAME:
                assert move.to not in self.names
                self.names[move.to] = self.names.pop(move.name)
            case Act.START:
                self.running.add(self.names[move.name])
                self.found_by[self.names[move.name]] = move.name
            case Act.STOP:
                self.end(self.names[move.name])
            case Act.REMOVE:
                self.end(self.names.pop(move.name))
            case Act.ANNOUNCE:
                assert self.names[move.name] in self.running
                self.found_by[self.names[move.name]] = move.name
            case Act.LINGER:
                assert self.names[move.name] in self.running
            case Act.PROBE:
                assert self.names[move.name] in self.running
        self.both_ran |= {OLD, NEW} <= self.running

    def end(self, which: str) -> None:
        self.running.discard(which)
        self.found_by.pop(which, None)

    def looks(self) -> dict[str, bool]:
        return {name: which in self.running for name, which in self.names.items()}


@st.composite
def swaps(draw: st.DrawFn) -> Swap:
    had_old = draw(st.booleans())
    has_new = draw(st.booleans()) or not had_old
    ran = had_old and draw(st.booleans())
    return Swap("api", "web-api", has_new, had_old, ran, start_first=has_new and ran and draw(st.booleans()))


def before(swap: Swap) -> Node:
    names, running = {"web-api": OLD} if swap.had_old else {}, {OLD} if swap.ran else set()
    return Node(names, running, dict.fromkeys(running, "web-api"))


def prepared(swap: Swap) -> Node:
    node = before(swap)
    if swap.has_new:
        node.names[swap.next] = NEW
    return node


@given(swaps())
def test_all_moves_forward_and_the_finish_leave_the_new_container_alone_in_the_place(swap: Swap) -> None:
    node = prepared(swap)
    for move in forward(swap):
        node.play(move)
    for move in finish(swap, node.looks()):
        node.play(move)
    assert node.names == ({"web-api": NEW} if swap.has_new else {})
    assert node.running == ({NEW} if swap.has_new else set())
    assert node.found_by == ({NEW: "web-api"} if swap.has_new else {})
    assert not finish(swap, node.looks())


@given(swaps(), st.data())
def test_there_is_a_way_back_from_every_point_also_from_the_middle_of_the_way_back(
    swap: Swap, data: st.DataObject
) -> None:
    created = data.draw(st.booleans())
    node = prepared(swap) if created else before(swap)
    moves = forward(swap) if created else []
    for move in moves[: data.draw(st.integers(0, len(moves)))]:
        node.play(move)
    for _ in range(data.draw(st.integers(0, 3))):  # killed on the way back, several times
        moves = back(swap, node.looks())
        for move in moves[: data.draw(st.integers(0, len(moves)))]:
            node.play(move)
    for move in back(swap, node.looks()):
        node.play(move)
    assert node.names == before(swap).names
    assert node.running == before(swap).running
    assert node.found_by == before(swap).found_by
    assert {move.act for move in back(swap, node.looks())} <= {Act.ANNOUNCE}


@given(swaps())
def test_both_containers_run_at_the_same_time_only_where_the_new_one_starts_first(swap: Swap) -> None:
    node = prepared(swap)
    for move in forward(swap):
        node.play(move)
    assert node.both_ran == (swap.start_first and swap.ran)


@given(swaps().filter(lambda swap: swap.start_first))
def test_a_container_that_starts_first_is_healthy_before_the_old_one_is_touched(swap: Swap) -> None:
    moves = forward(swap)
    assert [move.act for move in moves[:2]] == [Act.START, Act.PROBE]
    assert all(move.name != "web-api" for move in moves[:2])


@given(swaps().filter(lambda swap: swap.start_first))
def test_a_container_that_starts_first_is_always_found_and_never_after_it_was_told_to_stop(swap: Swap) -> None:
    node = prepared(swap)
    for move in forward(swap):
        if move.act is Act.STOP:
            assert node.found_by[node.names[move.name]] != "web-api"
        node.play(move)
        assert "web-api" in node.found_by.values()


@given(swaps().filter(lambda swap: swap.start_first))
def test_an_old_container_that_was_not_touched_keeps_its_connections(swap: Swap) -> None:
    node = prepared(swap)
    node.play(forward(swap)[0])
    assert back(swap, node.looks()) == [Move(Act.REMOVE, swap.next)]


@given(swaps())
def test_a_swap_is_the_same_after_it_was_in_the_journal(swap: Swap) -> None:
    assert Swap.from_json(swap.to_json()) == swap


def test_an_old_container_that_someone_removed_meanwhile_is_not_started() -> None:
    assert back(Swap("api", "web-api", had_old=True, ran=True), {}) == []

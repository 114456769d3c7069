from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_node_agent.deploying.swap import Act, Move, Swap, back, finish, forward

OLD, NEW = "old", "new"


@dataclass
class Node:
    """The containers of a node: name -> which container it is, and which of them run."""

    names: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    both_ran: bool = False

    def play(self, move: Move) -> None:
        match move.act:
            case Act.RENAME:
                assert move.to not in self.names
                self.names[move.to] = self.names.pop(move.name)
            case Act.START:
                self.running.add(self.names[move.name])
            case Act.STOP:
                self.running.discard(self.names[move.name])
            case Act.REMOVE:
                self.running.discard(self.names.pop(move.name))
            case Act.PROBE:
                assert self.names[move.name] in self.running
        self.both_ran |= {OLD, NEW} <= self.running

    def looks(self) -> dict[str, bool]:
        return {name: which in self.running for name, which in self.names.items()}


@st.composite
def swaps(draw: st.DrawFn) -> Swap:
    had_old = draw(st.booleans())
    has_new = draw(st.booleans()) or not had_old
    ran = had_old and draw(st.booleans())
    return Swap("api", "web-api", has_new, had_old, ran, start_first=has_new and draw(st.booleans()))


def before(swap: Swap) -> Node:
    return Node({"web-api": OLD} if swap.had_old else {}, {OLD} if swap.ran else set())


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
    assert not back(swap, node.looks())


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


@given(swaps())
def test_a_swap_is_the_same_after_it_was_in_the_journal(swap: Swap) -> None:
    assert Swap.from_json(swap.to_json()) == swap


def test_an_old_container_that_someone_removed_meanwhile_is_not_started() -> None:
    assert back(Swap("api", "web-api", had_old=True, ran=True), {}) == []

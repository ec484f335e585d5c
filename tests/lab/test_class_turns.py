"""Whose training of a class is next, and what rests meanwhile."""

from class_at_work import Clock, Script
from hypothesis import given, settings
from hypothesis import strategies as st

from racer.config import Config
from racer.lab.core.classroom import room
from racer.lab.core.classroom.turns import WINDOW, Turns
from racer.lab.core.job import Job
from racer.render.live.wire import Kind


def test_the_one_who_had_least_of_the_machine_is_next():
    clock = Clock()
    turns = Turns(1, clock)
    for person in (1, 2, 3):
        turns.ask(person, f"draft of {person}")
    assert turns.next() == (1, "draft of 1", False)
    assert turns.next() is None
    clock.now += 10
    turns.done(1)
    assert turns.ask(1, "second of 1") is None
    assert turns.place(1)[0] == 3
    assert turns.next()[0] == 2
    assert turns.ask(3, "better") == "draft of 3"  # the newest save is what waits
    turns.put_first(1)
    clock.now += 1
    turns.done(2)
    assert turns.next()[0] == 1
    clock.now += WINDOW + 1
    turns.done(1)
    turns.ask(1, "x")
    turns.ask(3, "y")
    assert turns.place(3)[0] == 1  # what is running counts to its end
    turns.paused = True
    assert turns.next() is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=5, max_size=60))
def test_turns_are_fair_whatever_is_asked(asked):
    clock = Clock()
    turns = Turns(2, clock)
    for person, seconds in asked:
        turns.ask(person, None)
        free = [w for w in turns._waiting.values() if not turns.runs(w.person)]
        ranks = {(w.person, w.begun): turns._rank(w)[1:3] for w in free}
        while (found := turns.next()) is not None:
            rank = ranks.pop((found[0], found[2]))
            assert all(other >= rank for (who, _), other in ranks.items() if not turns.runs(who))
        assert sum(turns.runs(p) for p in range(6)) <= 2
        clock.now += seconds
        if turns.drives(person):
            turns.rest(person, None)
        else:
            turns.done(person)


def test_thirty_who_save_at_once_all_see_their_cars_soon_and_nobody_waits_for_ever():
    """A draft takes 0.4 s until it drives and 4 s in all; one at a time."""
    clock = Clock()
    began = clock.now
    turns, left, drove = Turns(1, clock), dict.fromkeys(range(30), 4.0), {}
    for person in left:
        turns.ask(person, person)
    while left:
        person, _, begun = turns.next()
        for step in range(100):
            clock.now, left[person] = clock.now + 0.1, left[person] - 0.1
            if left[person] <= 0:
                del left[person]
                turns.done(person)
                break
            if begun or step >= 4:
                drove.setdefault(person, clock.now)
                if turns.drives(person):
                    turns.rest(person, person)
                    break
    assert max(drove.values()) - began < 30 * 1.0
    assert clock.now - began < 30 * 4.2


def test_no_more_begin_than_there_is_memory_for_and_those_who_wait_come_as_others_end():
    clock = Clock()
    turns, left, most = Turns(1, clock, lambda begun: begun < 8), dict.fromkeys(range(30), 4.0), 0
    for person in left:
        turns.ask(person, person)
    began = dict.fromkeys(left)
    while left:
        person, _, _ = turns.next()
        began[person] = began[person] or clock.now
        most = max(most, sum(turns.runs(p) for p in left) + sum(b for _, b in turns.waiting()))
        while left[person] > 0:
            clock.now, left[person] = clock.now + 0.5, left[person] - 0.5
            if left[person] > 0 and turns.drives(person):
                turns.rest(person, person)
                break
        else:
            del left[person]
            turns.done(person)
    assert most == 8
    assert sum(when < clock.now - 30 * 4.0 + 8 * 1.1 for when in began.values()) == 8
    assert max(began.values()) < clock.now - 4.0  # one by one, not all of them at the end


def test_who_saves_all_the_time_has_no_more_than_a_share():
    clock = Clock()
    turns = Turns(1, clock)
    for person in (1, 2, 3, 4):
        turns.ask(person, "endless")
    until = clock.now + WINDOW - 10
    while clock.now < until:
        person, _, _ = turns.next()
        while True:
            clock.now += 0.2
            if turns.drives(person):
                turns.rest(person, "endless")
                break
        if turns.ask(1, "again") is None:
            turns.drop(1, begun=True)  # a save ends what drives
    had = [turns.used(person) for person in (1, 2, 3, 4)]
    assert had[0] < 2.2 * sum(had) / 4
    assert min(had) > 0.15 * sum(had)


def a_room(slots=1, **options):
    made = []

    def nursery(config, told):
        made.append(Script(config, told))
        return made[0]

    found = room.Room(Config(), slots=slots, made=nursery, **options)
    return found, made[0]


def test_jobs_of_a_room_wait_their_turn_and_hear_their_own_alone():
    found, script = a_room()
    heard = {1: [], 2: []}
    seats = {p: found.seat(p)(None, lambda n, k, c, p=p: heard[p].append((n, k))) for p in (1, 2)}
    first = seats[1].train(Job(0, "", "runs"))
    second = seats[2].train(Job(0, "", "runs"))
    assert (len(script.jobs), found.place(2)[0]) == (1, 1)
    assert script.jobs[0].cpu_s == room.CPU_S
    script.drives(1)
    assert {n for n, _ in heard[1]} == {first}
    assert heard[2] == []
    script.told(1, 5, b'{"killed":true}')  # nobody asked for it
    assert found.state(1).words == "error"
    assert len(script.jobs) == 2
    seats[2].stop(second)
    assert script.stopped == [2]
    assert heard[2][-1][0] == second


def test_a_draft_that_drives_rests_while_others_begin():
    clock = Clock()
    found, script = a_room(clock=clock)
    heard = {1: [], 2: []}
    seats = {p: found.seat(p)(None, lambda n, k, c, p=p: heard[p].append((n, k))) for p in (1, 2)}
    first = seats[1].train(Job(0, "", "runs"))
    second = seats[2].train(Job(0, "", "runs"))
    script.drives(1)
    assert len(script.jobs) == 1  # it has just begun to drive
    clock.now += 1.5
    script.drives(1)
    assert (script.held, len(script.jobs), found.state(1).words) == ([(1, True)], 2, "resting")
    assert found.place(1) is None
    script.drives(2)
    clock.now += 2.5
    script.drives(2)  # now the first one had less
    assert script.held[1:] == [(2, True), (1, False)]
    assert (found.state(1).words, found.state(2).words) == ("learning", "resting")
    seats[2].stop(second, save=True)  # it must go on to be saved
    assert script.held[3:] == [(2, False)]
    assert (script.stopped, heard[2][-1]) == ([2], (second, Kind.DONE))
    script.told(1, Kind.DONE, b'{"result":{}}')
    assert heard[1][-1] == (first, Kind.DONE)
    assert found.turns.waiting() == []
    again = seats[1].train(Job(0, "", "runs"))
    assert (again, len(script.jobs)) == (3, 3)


def test_what_rests_is_killed_by_a_new_save_and_told_once():
    clock = Clock()
    found, script = a_room(clock=clock)
    heard = []
    seats = {p: found.seat(p)(None, lambda n, k, c: heard.append((n, k))) for p in (1, 2)}
    first = seats[1].train(Job(0, "", "runs"))
    seats[2].train(Job(0, "", "runs"))
    script.drives(1)
    clock.now += 1.5
    script.drives(1)
    seats[1].stop(first)
    assert heard.count((first, Kind.DONE)) == 1
    assert found.turns.waiting() == []
    found.stop_person(2)
    assert len(script.stopped) == 2


def test_a_pause_begins_nothing_and_ends_nothing():
    found, script = a_room(slots=2)
    seat = found.seat(1)(None, lambda *_: None)
    found.pause(True)
    seat.train(Job(0, "", "runs"))
    assert not script.jobs
    found.pause(False)
    assert len(script.jobs) == 1
    found.stop_person(1)
    assert (script.stopped, found.state(1).words) == ([1], "stopped")

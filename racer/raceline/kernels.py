"""Kernels of the search: spread candidates from a beam of cars, keep the best of each cell.

A layer is one control step. Cells are counted from the best drive so far, at the place of the car.
"""

from __future__ import annotations

import math

import numpy as np

from racer.sim.jit import inlined, kernel

# Columns of the table of the best drive, a row for each state; a table to `follow` has gains too.
PLACE, OFFSET, YAW, STEER, SPEED, FIRST, SECOND, GAINS = range(8)
COLUMNS = GAINS

KNOT = 5  # steps between the points of a plan's noise
NEITHER = 2  # a direction in which the engine drives no car


@inlined
def _row_at(table, place):
    """Row of `table` at or before `place` (m), and the fraction to the next row, for np.interp."""
    low, high = 0, table.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if table[middle, 0] <= place:
            low = middle
        else:
            high = middle
    span = table[low + 1, 0] - table[low, 0]
    r = (place - table[low, 0]) / span if span > 0.0 else 0.0
    return low, min(max(r, 0.0), 1.0)


@inlined
def _between(table, low, r, column):
    return table[low, column] + r * (table[low + 1, column] - table[low, column])


@kernel
def vary(plan, knots, at, since, out):
    """Add noise to a plan, from some step on: lines between random knots. Clipped to [-1, 1].

    Args:
        plan: (H, 2).
        knots: (P, K, 2), one every KNOT steps.
        at: (P,) where in its knots a variation begins, less than KNOT steps.
        since: (P,) the first step with noise.
        out: (P, H, 2) out.
    """
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            x = (k + at[i]) / KNOT
            low = int(x)
            r = x - low
            for c in range(2):
                action = plan[k, c]
                if k >= since[i]:
                    action += (1.0 - r) * knots[i, low, c] + r * knots[i, low + 1, c]
                out[i, k, c] = min(max(action, -1.0), 1.0)


@kernel
def spread(beam, places, table, noise, sets, cars, guesses):
    """Copy each car of the beam, and guess an action for every copy.

    Args:
        beam: (M,) CAR.
        places: (M,) m driven since waypoint 0 of the first lap.
        table: (T, COLUMNS), the best drive so far.
        noise: (S, P, 2), added to the action that the best drive took at this place.
        sets: (M,) int, which noise the P copies of a car have.
        cars: (N,) CAR out, N >= M * P.
        guesses: (M * P, 2) out, within [-1, 1].
    """
    per = noise.shape[1]
    for i in range(beam.size):
        low, r = _row_at(table, places[i])
        for k in range(per):
            cars[i * per + k] = beam[i]
            for c in range(2):
                guess = _between(table, low, r, FIRST + c) + noise[sets[i], k, c]
                guesses[i * per + k, c] = min(max(guess, -1.0), 1.0)


@kernel
def bump(plan, begins, lengths, heights, out):
    """Add a bump to each action of a plan: a line up to its middle, and a line down again.

    Args:
        plan: (H, 2).
        begins, lengths: (P, 2) steps.
        heights: (P, 2).
        out: (P, H, 2) out.
    """
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            for c in range(2):
                x = (k - begins[i, c]) / lengths[i, c]
                out[i, k, c] = plan[k, c] + heights[i, c] * max(0.0, 2.0 * min(x, 1.0 - x))


@kernel
def follow(cars, alive, places, table, plans, at, guesses, actions, begun):
    """What each car does: its plan, added to what a feedback takes to keep to the best drive.

    Args:
        cars, alive, places: (N,) CAR, (P,) bool, (P,) m.
        table: (T, COLUMNS + 8): then the gains of the first action, and of the second.
        plans: (P, H, 2).
        at: (1,) int, step of the plans; one more afterwards.
        guesses: (H, P, 2) out, within [-1, 1]; those of cars that are not alive stay.
        actions: (N, 2) float32 out, the same of this step.
        begun: (P,) int, one more for cars that are alive; in and out.
    """
    step = at[0]
    at[0] += 1
    for i in range(alive.size):
        if not alive[i]:
            continue
        low, r = _row_at(table, places[i])
        off = _off(cars[i], table, low, r)
        begun[i] += 1
        for c in range(2):
            guess = _between(table, low, r, FIRST + c) + plans[i, step, c]
            for k in range(4):
                guess += table[low, GAINS + 4 * c + k] * off[k]
            guesses[step, i, c] = actions[i, c] = min(max(guess, -1.0), 1.0)


@kernel
def go_on(cars, before, places, limits, alive):
    """Add what the last step gained to `places`; a car that broke a limit is not alive any more.

    Args:
        cars: (N,) CAR; who is not alive any more gets the direction NEITHER.
        before: (N,) m, arc length a step ago; in and out, of the cars that are alive.
        places: (N,) m; in and out, of the cars that are alive.
        limits: (3,) length of a lap (m), wheels that may be off, gain of a step (m).
        alive: (N,) bool; in and out.

    Returns:
        How many are alive, -1 for none.
    """
    count = 0
    for i in range(alive.size):
        if alive[i]:
            gain = cars[i].s - before[i]
            gain -= limits[0] * np.rint(gain / limits[0])
            alive[i] = cars[i].wheels_off <= limits[1] and gain <= limits[2]
            if alive[i]:
                places[i] += gain
                before[i] = cars[i].s
                count += 1
            else:
                cars[i].direction = NEITHER
    return count if count > 0 else -1


@kernel
def thin(cars, places, alive, table, cells, window, best, kept):
    """The car that is farthest along of each cell.

    Args:
        cars, places, alive: (N,) CAR, m, bool.
        table: (T, COLUMNS).
        cells: (8,) sizes of a cell (m, rad, rad, m/s), then how many on either side.
        window: m behind the leader; who is farther back is dropped.
        best: (number of cells,) int64 scratch of -1; is left so.
        kept: (N,) int64 out.

    Returns:
        How many are kept.
    """
    lead = -math.inf
    for i in range(alive.size):
        if alive[i] and places[i] > lead:
            lead = places[i]
    count = 0
    for i in range(alive.size):
        if not alive[i] or places[i] < lead - window:
            continue
        k = _cell(cars[i], places[i], table, cells)
        if k < 0:
            continue
        if best[k] < 0:
            kept[count] = k
            count += 1
            best[k] = i
        elif places[i] > places[best[k]]:
            best[k] = i
    for q in range(count):
        k = kept[q]
        kept[q] = best[k]
        best[k] = -1
    return count


@inlined
def _off(car, table, low, r):
    """How far a car is off the best drive at its place: offset, heading, wheel angle, speed."""
    turned = car.yaw - _between(table, low, r, YAW)
    turned -= 2.0 * math.pi * np.rint(turned / (2.0 * math.pi))
    return (
        car.n - _between(table, low, r, OFFSET),
        turned,
        car.steer - _between(table, low, r, STEER),
        car.v - _between(table, low, r, SPEED),
    )


@inlined
def _cell(car, place, table, cells):
    """Which cell of the tube a car is in, -1 outside."""
    low, r = _row_at(table, place)
    off = _off(car, table, low, r)
    k = 0
    for axis in range(4):
        reach = int(cells[4 + axis])
        step = int(np.rint(off[axis] / cells[axis]))
        if abs(step) > reach:
            return -1
        k = k * (2 * reach + 1) + step + reach
    return k


@kernel
def tighten(a, b, at, sweeps):
    """Pull a string taut that crosses a ring of cuts, each from a to a + b.

    Every point in turn moves to where the line between its neighbours crosses its cut; the sum of
    lengths is convex, so this ends at the shortest ring.

    Args:
        a, b: (M, 2) m.
        at: (M,) where the string crosses, 0 to 1; in and out.
    """
    m = at.size
    for _ in range(sweeps):
        for i in range(m):
            p, q = (i - 1) % m, (i + 1) % m
            px, py = a[p, 0] + at[p] * b[p, 0], a[p, 1] + at[p] * b[p, 1]
            dx = a[q, 0] + at[q] * b[q, 0] - px
            dy = a[q, 1] + at[q] * b[q, 1] - py
            det = b[i, 0] * dy - b[i, 1] * dx
            if abs(det) > 1e-12:
                cross = ((px - a[i, 0]) * dy - (py - a[i, 1]) * dx) / det
                at[i] = min(1.0, max(0.0, cross))

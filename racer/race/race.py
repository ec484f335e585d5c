"""Race: N cars, on one track or several. The engine behind every door; owns every buffer.

    action a_t ─ decode ─▶ commands
    begin    count the step, judge s_t, params of (s_t, a_t)
    reward   r(s_t, a_t)
    advance  physics, measure s_{t+1}
    observe  what the policy sees of s_{t+1}

As in the official simulator, the reward and the end of an episode are decided on the state the
action was chosen in: the last step of a lap reports exactly 100 % progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from racer import objects, observations
from racer.actions import Actions
from racer.config import Others, Rules, Sensors
from racer.race.among import Among
from racer.race.roads import sim_row, spread
from racer.race.start import Start
from racer.reward import RewardEngine
from racer.reward.engine import DOUBTFUL
from racer.reward.params import KEYS as PARAMS_KEYS
from racer.sim import nearby, precompile, step
from racer.sim.frustum import LENS, Lens
from racer.sim.models.kinematic import new_block
from racer.sim.native_call import bind, chain
from racer.sim.scene import Part, Scene
from racer.sim.types import CAR, OBJECT, params_type
from racer.tracks import Track

KEYS = 2**62  # a car's key, an int64, is less than this plus the number of cars
WIDTH_KEYS = frozenset({"track_width", "is_left_of_center"})


class Race:
    """N cars on one track, or spread over several.

    Args:
        track: where; of several, each gets an equal share of the cars, next to each other.
        n: cars, at least one for each track. Row i equals a race of one with seed + i on its
            track, bit for bit.
        vehicle: (1,) VEHICLE.
        actions: how actions become commands.
        observation: name, see racer.observations.
        sensors: settings of the sensors that it may use.
        reward: the engine that scores (s_t, a_t); None scores 0.
        rules: how episodes begin and end.
        varied: another grip, delay and so on in every episode of every car, see racer.sim.vary.
        lens: of the camera that a reward's object_in_camera is about.
        others: what else is on the road. With several cars in a world, those of one world are next
            to each other, and `n` is a multiple of their number.
        seed: of the first car.
        all_params: fill every params key, also those the reward does not read (for traces, HUDs).

    Attributes:
        tracks: every track; `track` is the first.
        roads: (N,) int64, the index of each car's track.
        scene: what rewards and observations may see.
        cars: (N,) CAR; with `objects` the only state: copy both to save it, assign and `refresh`
            to restore it.
        objects: (W, K) OBJECT of each world, see Scene; K = 0 in a time trial.
        worlds: (N,) int64, the world of each car.
        hits: (N,) int64, what each car touches, of `contact.touch`; empty in a time trial.
        among: what is done for the objects; None in a time trial.
        params: (N,) PARAMS of the last (s_t, a_t).
        commands: (N, 2) steering angle (deg) and speed (m/s) of the last action.
        rewards: (N,) float64 of the last step.
        terminated, truncated: (N,) bool of the last step; never both.
        done, done_count: either of them, (N,) bool, and how many.
        drive: decodes `action_buffer` and moves every car one control step, and nothing else. For
            searches over actions: no judgement, no reward, no observation. Every action must be
            valid. Cars end where `step` would bring them, bit for bit. It can be part of a chain.
        obs: of s_{t+1}, an array `(N, *shape)` or a dict of them, as the observation's space says.

    All are written in place by `step` and `reset`: copy what you keep.
    """

    def __init__(
        self,
        track: Track | Sequence[Track],
        n: int = 1,
        *,
        vehicle: np.ndarray,
        actions: Actions,
        observation: str = "features",
        sensors: Sensors | None = None,
        reward: RewardEngine | None = None,
        rules: Rules | None = None,
        others: Others | None = None,
        varied: bool = False,
        lens: Lens = LENS,
        seed: int = 0,
        all_params: bool = False,
    ) -> None:
        tracks = [track] if isinstance(track, Track) else list(track)
        self.rules, self.others = rules or Rules(), others or Others()
        self.n, self.per_world, self.varied = n, self.others.in_world, varied
        self.vehicle, self.actions, self.reward = vehicle, actions, reward
        self._spread_over(tracks)
        self._make_buffers()
        self._arrange = bind(nearby.arrange_all, self.objects)
        self.scene = self._scene()
        self.among = self._among(lens)
        self._view = observations.make(
            observation, vehicle, sensors or Sensors(), among=self.among is not None
        )
        self.observation_space = self._view.space
        self.obs: observations.Obs = observations.empty(self._view.space, n)
        self._needs = frozenset(PARAMS_KEYS)
        if reward is not None and not all_params:
            self._needs = getattr(reward, "needs", self._needs)
        self._bind_step()
        self._reset, self._restart = self._bind_reset(self._mask), self._bind_reset(self.done)
        self.seed(seed)

    def _spread_over(self, tracks: list[Track]) -> None:
        """Which world and track each car is in, and the rules of each track."""
        n, each = self.n, self.per_world
        if n < 1:
            raise ValueError(f"a race of {n} cars; at least 1 is needed")
        if not 1 <= len(tracks) <= n:
            raise ValueError(f"{n} cars on {len(tracks)} tracks; each track needs a car")
        if n % each:
            raise ValueError(f"{n} cars in worlds of {each}; give a multiple")
        self.tracks = tuple(one.reversed() if self.rules.reverse else one for one in tracks)
        self.track = self.tracks[0]
        self.worlds = np.arange(n) // each
        self.roads = spread(n // each, len(tracks))[self.worlds]
        self.sim = np.concatenate([sim_row(self.rules, one.length) for one in self.tracks])
        self.dt = float(self.sim["control_dt"][0])
        self.max_steps = int(self.sim["max_steps"].max())

    def _make_buffers(self) -> None:
        """What a step reads and writes; a row for each car, `objects` for each world."""
        n, around = self.n, self.others.count
        self.cars = np.zeros(n, CAR)
        self.objects = np.zeros((n // self.per_world, objects.columns(self.others)), OBJECT)
        self.params = np.zeros(n, params_type(around))
        self.hits = np.zeros(n if around else 0, np.int64)
        self.commands = np.zeros((n, 2))
        self.rewards = np.zeros(n)
        self.terminated = np.zeros(n, np.bool_)
        self.truncated = np.zeros(n, np.bool_)
        self.done = np.zeros(n, np.bool_)
        self.done_count = 0
        self._mask = np.zeros(n, np.bool_)
        self.action_buffer = self.actions.buffer(n)
        shape = self.action_buffer.shape
        self._action_shapes = (shape, shape[1:]) if n == 1 else (shape,)  # one car: no row needed
        self._action_kinds = "iu" if self.action_buffer.dtype.kind == "i" else "iuf"

    def _among(self, lens: Lens) -> Among | None:
        if not self.others.count:
            return None
        among = Among(self.others, self.rules, self.tracks, self.vehicle, self.sim, lens)
        self._look, self._pass = among.look(self.scene), among.move(self.scene)
        return among

    def _scene(self) -> Scene:
        both = self.rules.alternate_direction
        return Scene(
            self.cars,
            self.commands,
            np.ones(self.n, np.bool_),
            self.worlds,
            self.roads,
            tuple(
                (one.arrays, one.reversed().arrays) if both else (one.arrays,)
                for one in self.tracks
            ),
            self.objects,
            tuple(one.scenery for one in self.tracks),
        )

    def _bind_step(self) -> None:
        """The parts of a step, and `_all` of it: one native call if the reward is a kernel too."""
        ends, among, scene = (self.terminated, self.truncated), self.among, self.scene
        block, needs_width = new_block(), bool(WIDTH_KEYS & self._needs)

        def begin(p: Part) -> Callable[[], Any]:
            out = self.params[p.rows], self.terminated[p.rows], self.truncated[p.rows]
            hits = self.hits[p.rows] if self.hits.size else self.hits
            road = p.track, p.direction, self._sim_of(p)
            return bind(step.begin, p.cars, p.commands, *out, hits, *road, needs_width)

        def advance(p: Part) -> Callable[[], Any]:
            model, sim = int(self.vehicle["model"][0]), self._sim_of(p)
            moved = p.cars, p.commands, p.track, p.direction, self.vehicle
            if self.varied:
                return bind(step.advance_varied, *moved, np.zeros_like(self.vehicle), sim, block)
            return bind(step.ADVANCE[model], *moved, sim, block)

        self._decode = self.actions.bind(self.action_buffer, self.commands)
        self._begin = scene.each(begin)
        self._observe = self._view.bind(self.scene, self.obs)  # a camera takes long to compile
        precompile.wait()
        self._advance = scene.each(advance)
        if among:
            measure = among.tell(scene, self.params, self._needs)
            self._begin = chain(
                among.touch(scene, self.hits), self._begin, *([measure] if measure else [])
            )
            self._advance = chain(self._advance, among.move(scene))
        self.drive = chain(self._decode, self._advance)
        self._scored = self.reward.bind(self.params, self.rewards) if self.reward else None
        self._finish = bind(step.finish, self.cars, self.rewards, *ends, self.done)
        self._all: Callable[[], int] = self._by_parts
        self._rest = chain(self._advance, self._observe, self._finish)  # after the reward
        if self._scored or self.reward is None:
            score = [self._scored.call] if self._scored else []
            self._all = chain(self._decode, self._begin, *score, self._rest)

    def _bind_reset(self, mask: np.ndarray) -> Callable[[], Any]:
        scene = self.scene.asked(mask)

        def reset(p: Part) -> Callable[[], Any]:
            road = p.track, p.direction, self.vehicle, self._sim_of(p)
            return bind(step.reset, p.cars, p.mask, *road)

        return chain(
            bind(step.next_episode, self.cars, mask, self.sim),
            self.among.reset(scene) if self.among else scene.each(reset),
            self._view.bind(scene, self.obs),
        )

    def _sim_of(self, part: Part) -> np.ndarray:
        return self.sim[part.road : part.road + 1]

    def seed(self, seed: int | Sequence[int] | np.ndarray) -> None:
        """Key car i with seed + i (or seed[i]) and make the next reset start episode 0.

        Seeds are integers, counted modulo 2**62.
        """
        if isinstance(seed, Sequence | np.ndarray):
            self.cars["key"] = [int(one) % KEYS for one in seed]
        else:
            self.cars["key"] = int(seed) % KEYS + np.arange(self.n)
        self.cars["episode"] = -1

    def reset(self, mask: np.ndarray | None = None, start: Start | None = None) -> observations.Obs:
        """Start the next episode of the cars in `mask` (N,) bool, or of all.

        Args:
            mask: who.
            start: where; by default as the rules say.

        Returns:
            obs, the race's own buffer.

        Raises:
            BadConfig: a start that the track does not have. No state has changed.
        """
        if start is not None:
            start.check(self.tracks)
        if mask is self.done:  # as vectorised environments do after most steps
            self._restart()
        else:
            self._mask[:] = True if mask is None else mask
            self._reset()
        if start is not None:
            self.place(start, self._mask if mask is None else mask)
        return self.obs

    def place(self, start: Start, mask: np.ndarray) -> observations.Obs:
        """Let the episode of the cars in `mask` (N,) bool begin at `start`; returns obs.

        Raises:
            BadConfig: a start that the track does not have. No state has changed.
        """
        start.check(self.tracks)
        start.place(self.scene.asked(mask), self.vehicle)
        return self.refresh()

    @property
    def memory(self) -> dict[str, np.ndarray]:
        """What the observation remembers of steps before: its own arrays, mostly none.

        Copy them with `cars` to save a race, and assign to both, then `refresh`, to restore it.
        """
        return getattr(self._view, "memory", {})

    @property
    def horizons(self) -> dict[str, int]:
        """Rows above the horizon of every picture in the observation, by its key."""
        found: dict[str, int] = getattr(self._view, "horizons", {})
        return found

    def refresh(self) -> observations.Obs:
        """Observe again, after `cars` or `objects` was assigned to; returns obs."""
        if self.among:
            self._arrange()
            self._look()
        self._observe()
        return self.obs

    def step(self, actions: Any) -> observations.Obs:
        """One control step for every car; see the module docstring for the order.

        Args:
            actions: (N,) indices or (N, 2) in [-1, 1]; finite values outside are clipped.

        Returns:
            obs of s_{t+1}, the race's own buffer.

        Raises:
            ValueError: an action that is no action; names the car. No state has changed.
            RewardFailed: the reward raised or returned no finite number.
        """
        actions = np.asarray(actions)
        if actions.shape not in self._action_shapes or actions.dtype.kind not in self._action_kinds:
            raise ValueError(
                f"actions of shape {actions.shape} and type {actions.dtype}; "
                f"{self.n} car{'s take' if self.n > 1 else ' takes'} "
                f"{self._action_shapes[-1]}, each in {self.actions.space}"
            )
        if actions.dtype.itemsize > 4 and actions.dtype.kind == "f":
            actions = _as_float32(actions)
        self.action_buffer[...] = actions
        done_count = self._all()
        if done_count < 0:
            done_count = self._go_on(done_count)
        self.done_count = done_count
        return self.obs

    def step_commands(self) -> observations.Obs:
        """One control step of `commands` as they stand, which the caller decoded; scores nothing.

        For cars of one world whose actions are of different kinds.
        """
        self._begin()
        self.done_count = int(self._rest())
        return self.obs

    def park(self, mask: np.ndarray) -> None:
        """Take the cars in `mask` (N,) bool off the road until they start again: the others
        neither see nor hit them. They still have a row, which the caller restores after steps.
        """
        for i in np.flatnonzero(mask):
            seen = self.objects[self.worlds[i], i % self.per_world]
            seen["present"] = False
            seen["x"] = seen["y"] = 0.0  # where the official simulator parks
        self._arrange()

    def wait(self) -> None:
        """Let a control step pass for what drives beside the cars."""
        if self.among:
            self._pass()

    def _by_parts(self) -> int:
        """A step whose reward is no kernel, or whose parts are to be timed."""
        bad = self._decode()
        if bad < 0:
            return bad
        self._begin()
        if self.reward is not None:
            self.reward.submit(self.params, self.cars)
        self._advance()
        if self.reward is not None:
            self.reward.collect(self.rewards)
        self._observe()
        return int(self._finish())

    def _go_on(self, why: int) -> int:
        """The rest of a step that its kernels stopped: how many cars are done, or what is wrong."""
        if why != DOUBTFUL:
            bad = -1 - why
            raise ValueError(
                f"action {self.action_buffer[bad]!r} of car {bad} is not in {self.actions.space}"
            )
        assert self.reward
        assert self._scored
        self.reward.settle(self._scored, self.cars)
        return int(self._rest())


def _as_float32(actions: np.ndarray) -> np.ndarray:
    """Float64 actions within what a float32 holds; infinite ones become NaN, which is refused."""
    largest = np.finfo(np.float32).max
    return np.where(np.isinf(actions), np.nan, np.clip(actions, -largest, largest))

"""Search the reference laps that ship for the built-in tracks: python -m tests.make_references.

A file is replaced only by a faster lap. Names of tracks and `--seed N` narrow it down.
"""

import argparse
import json

from racer.config import RaceConfig
from racer.raceline import RULES, Setup, search
from racer.raceline.reference import Reference
from racer.raceline.store import SHIPPED
from racer.tracks.track import BUILTIN


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tracks", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    SHIPPED.mkdir(exist_ok=True)
    for name in args.tracks or sorted(path.stem for path in BUILTIN.glob("*.txt")):
        for rule in RULES:
            setup = Setup.of(RaceConfig(track=str(BUILTIN / f"{name}.txt")), rule)
            found = search(setup, seed=args.seed)
            found.drive(setup)
            path = SHIPPED / f"{name}.{rule}.json"
            if path.exists():
                known = Reference.of_json(json.loads(path.read_text()), str(path))
                if known.key == setup.key and known.flying_s <= found.flying_s:
                    continue
            path.write_text(json.dumps(found.to_json(), indent=2) + "\n")
            print(
                f"{name} {rule}: {found.flying_s:.3f} s flying, {found.standing_s:.3f} s standing"
            )


if __name__ == "__main__":
    main()

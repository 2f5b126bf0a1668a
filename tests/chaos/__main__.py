"""Three daemons under fire: `python -m tests.chaos [--seed 1] [--seeds 1] [--seconds 30] [--mutant NAME]`.

Exit 1 where an invariant is broken; the daemons' logs are then in build/chaos/seed-N.
"""

import argparse
import asyncio
import sys

from tests.chaos.story import Story

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, from --seed on")
    parser.add_argument("--seconds", type=float, default=30.0, help="of traffic and faults")
    parser.add_argument("--mutant", default="", help="a broken daemon, see tests/chaos/mutants.py")
    told = parser.parse_args()
    failed = 0
    for seed in range(told.seed, told.seed + told.seeds):
        story = Story(seed, told.seconds, told.mutant)
        report = asyncio.run(story.tell())
        sys.stdout.write("\n    ".join([report.line(), *report.broken[:20]]) + "\n")
        sys.stdout.flush()
        failed += bool(report.broken)
    sys.exit(failed > 0)

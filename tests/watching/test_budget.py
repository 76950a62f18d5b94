from __future__ import annotations

import asyncio

from jobctl.watching.budget import BudgetGate
from jobctl.watching.pacing import PollBudget
from jobctl.watching.quota import HourlyQuota

RATE = 200.0


def test_turns_are_evenly_spaced():
    async def play():
        gate, loop = BudgetGate(PollBudget(RATE)), asyncio.get_running_loop()
        times = []

        async def one():
            await gate.turn(urgent=False)
            times.append(loop.time())

        await asyncio.gather(*(one() for _ in range(20)))
        return times

    times = asyncio.run(play())
    assert times == sorted(times)
    assert times[-1] - times[0] >= 19 / RATE - 0.002


def test_verified_reads_go_first_and_the_rest_in_order():
    async def play():
        gate, order = BudgetGate(PollBudget(RATE)), []

        async def one(name, *, urgent):
            await gate.turn(urgent=urgent)
            order.append(name)

        await asyncio.gather(one("first", urgent=False), one("a", urgent=False), one("b", urgent=False),
                             one("verify", urgent=True))  # fmt: skip
        return order

    assert asyncio.run(play()) == ["first", "verify", "a", "b"]


def test_a_turn_that_is_given_up_costs_nothing():
    async def play():
        gate = BudgetGate(PollBudget(10.0))
        await gate.turn(urgent=False)
        waiting = [asyncio.create_task(gate.turn(urgent=False)) for _ in range(50)]
        await asyncio.sleep(0)
        for task in waiting[:49]:
            task.cancel()
        await asyncio.wait_for(waiting[49], 1)
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(play())


def test_retry_after_holds_everybody():
    async def play():
        gate, loop = BudgetGate(PollBudget(1000.0)), asyncio.get_running_loop()
        gate.pause(0.15)
        begin = loop.time()
        await asyncio.gather(*(gate.turn(urgent=urgent) for urgent in (True, False)))
        return loop.time() - begin

    assert asyncio.run(play()) >= 0.149


def test_the_quota_of_the_hour_lets_what_is_urgent_through_before_the_polls_that_wait():
    async def play():
        gate, order = BudgetGate(PollBudget(RATE, HourlyQuota(40))), []

        async def one(name, *, urgent):
            await gate.turn(urgent=urgent)
            order.append(name)

        polls = [asyncio.ensure_future(one(f"poll {number}", urgent=False)) for number in range(3)]
        await polls[1]
        await asyncio.wait_for(one("verify", urgent=True), 5)
        polls[2].cancel()
        return order

    assert asyncio.run(play()) == ["poll 0", "poll 1", "verify"]

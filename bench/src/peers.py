# The same desk in Ciw and SimPy: people who are always there, items without memory, log-normal lengths.
#
# `peers.py rate ciw|simpy SERVERS PER_HOUR HOURS`: items lived through per second, without the start of Python.
# `peers.py waits SERVERS ORDER REPLICATIONS HOURS RATE:MEAN:VARIATION…`: per replication and kind, SimPy's mean wait.
import json
import math
import random
import sys
import time


def shape(mean, variation):
    """Parameters of a log-normal with this mean and squared coefficient of variation."""
    squared = math.log(1 + variation)
    return math.log(mean) - squared / 2, math.sqrt(squared)


def lived_in_simpy(seed, servers, order, kinds, hours):
    import simpy

    luck = random.Random(seed)
    world = simpy.Environment()
    desk = simpy.PriorityResource(world, servers)
    waits = [[] for _ in kinds]

    def item(kind, length):
        came = world.now
        with desk.request(priority=kind if order == "by-class" else 0) as turn:
            yield turn
            waits[kind].append(world.now - came)
            yield world.timeout(length)

    def source(kind, rate, mean, variation):
        place, spread = shape(mean, variation)
        while True:
            yield world.timeout(luck.expovariate(rate))
            if world.now >= hours:
                return
            world.process(item(kind, luck.lognormvariate(place, spread)))

    for kind, (rate, mean, variation) in enumerate(kinds):
        world.process(source(kind, rate, mean, variation))
    world.run()
    return waits


def lived_in_ciw(seed, servers, kinds, hours):
    import ciw

    rate, mean, variation = kinds[0]
    place, spread = shape(mean, variation)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=rate)],
        service_distributions=[ciw.dists.Lognormal(mean=place, sd=spread)],
        number_of_servers=[servers],
    )
    ciw.seed(seed)
    world = ciw.Simulation(network)
    world.simulate_until_max_time(hours)
    return [[it.waiting_time for it in world.get_all_records()]]


def main(words):
    if words[0] == "rate":
        servers, per_hour, hours = int(words[2]), float(words[3]), float(words[4])
        kinds = [(per_hour, 1.0, 2.0)]
        begun = time.process_time()
        if words[1] == "ciw":
            waits = lived_in_ciw(5, servers, kinds, hours)
        else:
            waits = lived_in_simpy(5, servers, "first-come", kinds, hours)
        print(len(waits[0]) / (time.process_time() - begun))
    else:
        servers, order, replications, hours = int(words[1]), words[2], int(words[3]), float(words[4])
        kinds = [tuple(float(part) for part in word.split(":")) for word in words[5:]]
        runs = [lived_in_simpy(seed, servers, order, kinds, hours) for seed in range(replications)]
        print(json.dumps([[sum(kind) / len(kind) for kind in run] for run in runs]))


main(sys.argv[1:])

"""PyTorch as bench/engine/compare.py drives it; the protocol of bench/engine_run.cc.

  run_torch.py MODEL.pt PICTURES SIZE BATCH...

One thread. Of three ways to run the same weights (channels last, frozen, optimised for inference)
the fastest is measured; the greeting names it for each batch.
"""
import sys
import time
import warnings

import numpy
import torch

warnings.filterwarnings("ignore")


def timed(network, batch, runs):
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        network(batch)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[runs // 2]


def ways(path, batch):
    last = batch.to(memory_format=torch.channels_last)
    yield "channels last", torch.jit.load(path).eval().to(memory_format=torch.channels_last), last
    yield "frozen", torch.jit.freeze(torch.jit.load(path).eval()), batch
    yield "optimised", torch.jit.optimize_for_inference(torch.jit.load(path).eval()), batch


def main():
    path, pictures, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    everything = torch.from_numpy(numpy.fromfile(pictures, numpy.float32)).view(-1, 3, size, size)
    subjects, chosen = {}, []
    for count in map(int, sys.argv[4:]):
        best = None
        for name, network, batch in ways(path, everything[:count].clone()):
            for _ in range(3):  # the profiling executor settles in its first runs
                network(batch)
            seconds = timed(network, batch, 3)
            if best is None or seconds < best[0]:
                best = (seconds, name, network, batch)
        subjects[count] = best[2:]
        chosen.append(f"{count}: {best[1]}")
    print("ready", ", ".join(chosen), flush=True)
    for line in sys.stdin:
        command, count, argument = line.split()
        network, batch = subjects[int(count)]
        if command == "time":
            print(timed(network, batch, int(argument)), flush=True)
        else:
            network(batch).contiguous().numpy().tofile(argument)
            print("written", flush=True)


if __name__ == "__main__":
    main()

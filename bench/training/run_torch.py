"""Trains one network in PyTorch as scones-train does: same layers, batch, augmentation, optimiser.

  run_torch.py SETTINGS.json ROWS.npy TRAIN.lst TEST.lst THREADS PRECISION LAYOUT [BACKBONE]
  run_torch.py SETTINGS.json ROWS.npy TRAIN.lst THREADS

The first trains, and prints how many of TEST the averaged weights get right in float32. The second
waits for commands on standard input, "PRECISION LAYOUT EPOCHS PICTURES", and answers each with the
seconds of each epoch of the first so many pictures; its greeting is what multiplies matrices.
SETTINGS: hyperparameters of docs/formats/hyperparameters.md, all that it reads. ROWS: the training
pictures of CIFAR-100, to which the lists point. PRECISION: float32, or bfloat16 by autocast.
LAYOUT: last or contiguous. BACKBONE: a file of models/.
Everything that can be is done for a whole batch at once.
"""
import json
import math
import sys
import time

import numpy
import torch
from torch.nn import functional

from torch_network import load_backbone, make_network

LAYOUTS = {"last": torch.channels_last, "contiguous": torch.contiguous_format}


def read_pictures(rows, path):
    """uint8 [count, 3, 32, 32] and labels. A line: index in the split, label, file name."""
    lines = [line.split("\t") for line in open(path)]
    pictures = torch.stack([torch.from_numpy(rows[int(line[0])]) for line in lines])
    return pictures.view(-1, 3, 32, 32), torch.tensor([int(float(line[1])) for line in lines])


class Batches:
    """Crops from mirrored borders, flips, mixup and cutmix with the neighbour in the batch."""

    def __init__(self, pictures, labels, settings):
        self.labels, self.settings = labels, settings
        samples = pictures.float()
        self.mean, self.deviation = samples.mean((0, 2, 3)), samples.std((0, 2, 3))
        self.padding = int(settings["crop_padding"])
        edge = [self.padding] * 4
        self.padded = functional.pad(samples, edge, mode="reflect").permute(0, 2, 3, 1).to(
            torch.uint8).contiguous()
        self.cut, self.blend = (torch.distributions.Beta(*[float(settings[name])] * 2)
                                for name in ("cutmix_alpha", "mixup_alpha"))

    def draw(self, chosen):
        count, steps = len(chosen), torch.arange(32)
        rows = torch.randint(0, 2 * self.padding + 1, (count, 1)) + steps
        columns = torch.where(torch.rand(count, 1) < 0.5, steps, 31 - steps)
        columns = torch.randint(0, 2 * self.padding + 1, (count, 1)) + columns
        crops = self.padded[chosen[:, None, None], rows[:, :, None], columns[:, None, :]]
        x = ((crops.float() - self.mean) / self.deviation).permute(0, 3, 1, 2)
        targets = functional.one_hot(self.labels[chosen], int(self.settings["num_classes"])).float()
        return self.mix(x, targets)

    def mix(self, x, targets):
        count, steps = len(x), torch.arange(32)
        side = 32 * (1 - self.cut.sample((count, 1))).sqrt() / 2
        row, column = torch.rand(count, 1) * 32, torch.rand(count, 1) * 32
        inside = (((steps - row).abs() < side)[:, :, None] &
                  ((steps - column).abs() < side)[:, None, :])
        own = torch.where((torch.rand(count) < 0.5)[:, None, None], (~inside).float(),
                          self.blend.sample((count, 1, 1)).expand(count, 32, 32))
        untouched = torch.rand(count) >= float(self.settings["mix_probability"])
        own = torch.where(untouched[:, None, None], torch.ones(()), own)[:, None]
        share = own.mean((1, 2, 3))[:, None]
        x = torch.lerp(x.roll(-1, 0), x, own)
        return x, torch.lerp(targets.roll(-1, 0), targets, share)


class Average:
    """Moving average of weights and statistics, which follows closely at first."""

    def __init__(self, network, decay):
        self.decay, self.steps = decay, 0
        self.live = [value for value in network.state_dict().values() if value.is_floating_point()]
        self.kept = [value.clone() for value in self.live]

    def update(self):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_mul_(self.kept, decay)
        torch._foreach_add_(self.kept, self.live, alpha=1 - decay)

    def install(self):
        for live, kept in zip(self.live, self.kept):
            live.copy_(kept)


def rate_at(settings, epoch):
    rate, warm = float(settings["learning_rate"]), float(settings["warmup_epochs"])
    if epoch < warm:
        return rate * epoch / warm
    span = max(float(settings["epochs"]) - warm, 1e-9)
    return rate * 0.5 * (1 + math.cos(math.pi * min((epoch - warm) / span, 1)))


def train(network, batches, settings, half, layout, count):
    matrices = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() <= 1]
    optimizer = torch.optim.SGD(
        [{"params": matrices, "weight_decay": float(settings["weight_decay"])},
         {"params": others, "weight_decay": 0}],
        lr=0.1, momentum=float(settings["momentum"]), nesterov=True, foreach=True)
    average = Average(network, float(settings["ema_decay"]))
    size, seconds = int(settings["mini_batch_size"]), []
    for epoch in range(int(settings["epochs"])):
        started, order = time.perf_counter(), torch.randperm(count)
        for step in range(count // size):
            x, targets = batches.draw(order[step * size:(step + 1) * size])
            x = x.contiguous(memory_format=layout)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
                logits = network(x)
            loss = -(targets * functional.log_softmax(logits.float(), 1)).sum(1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = rate_at(settings, epoch + step / (count // size))
            optimizer.step()
            with torch.no_grad():
                average.update()
            loss.item()
        seconds.append(time.perf_counter() - started)
    with torch.no_grad():
        average.install()
    return seconds


def library():
    """What libblas is: Debian's PyTorch takes whichever alternative is installed."""
    maps = open("/proc/self/maps").read()
    return "OpenBLAS" if "openblas" in maps else "the reference BLAS"


def answer_commands(settings, batches):
    print(f"ready {library()}", flush=True)
    networks = {}
    for line in sys.stdin:
        precision, layout, epochs, pictures = line.split()
        layout = LAYOUTS[layout]
        network = networks.setdefault((precision, layout),
                                      make_network(settings).to(memory_format=layout))
        seconds = train(network, batches, settings | {"epochs": epochs}, precision == "bfloat16",
                        layout, int(pictures))
        print(json.dumps(seconds), flush=True)


def train_and_test(settings, rows, batches, test_list, precision, layout, backbone=None):
    network, layout = make_network(settings), LAYOUTS[layout]
    if backbone:
        batches.mean, batches.deviation = load_backbone(network, settings, backbone)
    network = network.to(memory_format=layout)
    train(network, batches, settings, precision == "bfloat16", layout, len(batches.labels))
    pictures, labels = read_pictures(rows, test_list)
    network.eval()
    with torch.no_grad():
        x = (pictures.permute(0, 2, 3, 1).float() - batches.mean) / batches.deviation
        answers = network(x.permute(0, 3, 1, 2)).argmax(1)
    print(int((answers == labels).sum()))


def main():
    settings = json.load(open(sys.argv[1]))
    rows, train_list = numpy.load(sys.argv[2]), sys.argv[3]
    serves = len(sys.argv) == 5
    torch.set_num_threads(int(sys.argv[4 if serves else 5]))
    torch.manual_seed(int(settings["seed"]))
    batches = Batches(*read_pictures(rows, train_list), settings)
    if serves:
        answer_commands(settings, batches)
    else:
        train_and_test(settings, rows, batches, sys.argv[4], *sys.argv[6:])


if __name__ == "__main__":
    main()

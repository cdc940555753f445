"""The trainer's ResNets in PyTorch, at random or from a file of models/."""
import json
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """He et al. 2015, arXiv:1512.03385, fig. 5 left, option B; the branch starts silent."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after),
            nn.ReLU(inplace=True), nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after))
        nn.init.zeros_(self.branch[-1].weight)
        self.shortcut = (nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False),
                                       nn.BatchNorm2d(after))
                         if stride != 1 or before != after else nn.Identity())

    def forward(self, x):
        return functional.relu(self.branch(x) + self.shortcut(x), inplace=True)


def make_network(settings):
    """`settings`: hyperparameters of docs/formats/hyperparameters.md."""
    depth, half = int(settings["num_layers"]), int(settings["stem_stride"]) == 2
    if depth == 18:
        widths, units, half = [64, 128, 256, 512], 2, False
    else:
        widths = [16 * int(settings["width_factor"]) << stage for stage in range(3)]
        units = (depth - 2) // 6
    kernel = 5 if half else 3
    stem = nn.Sequential(
        nn.Conv2d(3, widths[0], kernel, 2 if half else 1, kernel // 2, bias=False),
        nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True))
    blocks, before = [], widths[0]
    for stage, width in enumerate(widths):
        for unit in range(units):
            blocks.append(Block(before, width, 2 if stage > 0 and unit == 0 else 1))
            before = width
    network = nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                            nn.Linear(before, int(settings["num_classes"])))
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    nn.init.normal_(network[-1].weight, 0, 0.01)
    nn.init.zeros_(network[-1].bias)
    return network


def _pairs(network, units):
    """(name in the file, convolution, normalisation) of everything but the classifier."""
    yield "stem", network[0][0], network[0][1]
    blocks = [layer for layer in network if isinstance(layer, Block)]
    for index, block in enumerate(blocks):
        name = f"stage{index // units + 1}.unit{index % units + 1}"
        yield f"{name}.first", block.branch[0], block.branch[1]
        yield f"{name}.last", block.branch[3], block.branch[4]
        if isinstance(block.shortcut, nn.Sequential):
            yield f"{name}.shortcut", block.shortcut[0], block.shortcut[1]


def load_backbone(network, settings, path):
    """Returns mean and deviation of the pictures it was trained on, one a channel."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()

    def read(name):
        entry = header[name]
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[begin:end], {"F16": "<f2", "F32": "<f4"}[entry["dtype"]])
        return torch.from_numpy(values.astype(numpy.float32).reshape(entry["shape"]))

    with torch.no_grad():
        for name, convolution, norm in _pairs(network, (int(settings["num_layers"]) - 2) // 6):
            convolution.weight.copy_(read(f"{name}.conv.weight"))
            for part, target in (("scale", norm.weight), ("bias", norm.bias),
                                 ("mean", norm.running_mean), ("variance", norm.running_var)):
                target.copy_(read(f"{name}.norm.{part}"))
    facts = header["__metadata__"]
    return [torch.tensor(list(map(float, facts[fact].split())))
            for fact in ("mean", "standard_deviation")]

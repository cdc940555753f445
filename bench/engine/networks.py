"""The networks of bench/engine.sh, in PyTorch, with seeded weights.

  networks.py OUT_DIR ARCHIVE NAME...

Writes for each NAME: NAME.onnx (torch.onnx.export, open batch), NAME.pt (TorchScript with the same
weights), NAME.input (float32 pictures), NAME.convolutions (one a line, for kernel_limits) and
NAME.json. ARCHIVE is cifar-100-python.tar.gz, or "-" for noise. Batch norms get the statistics of
these pictures, so that values have the sizes that they have in a trained network.
"""
import json
import pathlib
import pickle
import sys
import tarfile
import warnings

import numpy
import torch
from torch import nn
from torch.nn import functional

warnings.filterwarnings("ignore")  # about tracing


class Block(nn.Module):
    """He et al. 2015, arXiv:1512.03385, fig. 5: basic (left) or bottleneck (right), option B."""

    def __init__(self, before, width, stride, bottleneck):
        super().__init__()
        after = width * (4 if bottleneck else 1)
        shapes = ([(before, width, 1, 1), (width, width, 3, stride), (width, after, 1, 1)]
                  if bottleneck else [(before, width, 3, stride), (width, width, 3, 1)])
        layers = []
        for i, (a, b, kernel, step) in enumerate(shapes):
            layers += [nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False), nn.BatchNorm2d(b)]
            if i + 1 < len(shapes):
                layers.append(nn.ReLU())
        self.branch = nn.Sequential(*layers)
        self.shortcut = (nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False),
                                       nn.BatchNorm2d(after))
                         if stride != 1 or before != after else nn.Identity())

    def forward(self, x):
        return functional.relu(self.branch(x) + self.shortcut(x))


def resnet(widths, blocks, classes, bottleneck=False, large=False):
    stem = ([nn.Conv2d(3, widths[0], 7, 2, 3, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(),
             nn.MaxPool2d(3, 2, 1)] if large else
            [nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()])
    layers, before = stem, widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks)):
        for i in range(count):
            layers.append(Block(before, width, 2 if stage > 0 and i == 0 else 1, bottleneck))
            before = width * (4 if bottleneck else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, classes))


class Excite(nn.Module):
    """Squeeze and excitation: Hu et al. 2017, arXiv:1709.01507."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        scale = functional.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.up(functional.silu(self.down(scale))))


class Inverted(nn.Module):
    """MobileNetV2's inverted residual; EfficientNet's with excitation."""

    def __init__(self, before, after, expand, kernel, stride, activation, excite):
        super().__init__()
        inner = before * expand
        layers = []
        if expand != 1:
            layers += [nn.Conv2d(before, inner, 1, bias=False), nn.BatchNorm2d(inner), activation()]
        layers += [nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False),
                   nn.BatchNorm2d(inner), activation()]
        if excite:
            layers.append(Excite(inner, max(1, before // 4)))
        layers += [nn.Conv2d(inner, after, 1, bias=False), nn.BatchNorm2d(after)]
        self.branch = nn.Sequential(*layers)
        self.residual = stride == 1 and before == after

    def forward(self, x):
        return x + self.branch(x) if self.residual else self.branch(x)


def inverted_network(rows, first, last, activation, excite):
    layers = [nn.Conv2d(3, first, 3, 2, 1, bias=False), nn.BatchNorm2d(first), activation()]
    before = first
    for expand, after, count, stride, kernel in rows:
        for i in range(count):
            layers.append(Inverted(before, after, expand, kernel, stride if i == 0 else 1,
                                   activation, excite))
            before = after
    layers += [nn.Conv2d(before, last, 1, bias=False), nn.BatchNorm2d(last), activation()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 1000))


# Sandler et al. 2018, arXiv:1801.04381, table 2; Tan and Le 2019, arXiv:1905.11946, table 1.
MOBILENET_V2 = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3),
                (6, 96, 3, 1, 3), (6, 160, 3, 2, 3), (6, 320, 1, 1, 3)]
EFFICIENTNET_B0 = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
                   (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]

NETWORKS = {
    "resnet-20": (32, lambda: resnet([16, 32, 64], [3, 3, 3], 100)),
    "resnet-18": (32, lambda: resnet([64, 128, 256, 512], [2, 2, 2, 2], 100)),
    "resnet-50": (224, lambda: resnet([64, 128, 256, 512], [3, 4, 6, 3], 1000, bottleneck=True,
                                      large=True)),
    "mobilenet-v2": (224, lambda: inverted_network(MOBILENET_V2, 32, 1280, nn.ReLU6, False)),
    "efficientnet-b0": (224, lambda: inverted_network(EFFICIENTNET_B0, 32, 1280, nn.SiLU, True)),
    # What a call costs by itself.
    "nothing": (8, lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))),
}


def pictures(archive, size):
    """[count, 3, size, size], normalised: training pictures of CIFAR-100, enlarged."""
    count = 128 if size <= 64 else 32
    if archive == "-":
        return torch.randn(count, 3, size, size)
    with tarfile.open(archive) as tar:
        rows = pickle.load(tar.extractfile("cifar-100-python/train"), encoding="latin1")["data"]
    chosen = torch.from_numpy(rows[:count].reshape(-1, 3, 32, 32).copy()).float()
    mean = torch.tensor([129.3, 124.1, 112.4]).view(3, 1, 1)
    std = torch.tensor([68.2, 65.4, 70.4]).view(3, 1, 1)
    return functional.interpolate((chosen - mean) / std, size=(size, size), mode="bilinear",
                                  align_corners=False)


def describe(network, size):
    """Multiply-adds of a picture, and the convolutions as lines for kernel_limits."""
    lines, total = [], [0]

    def see(layer, inputs, output):
        if isinstance(layer, nn.Linear):
            total[0] += layer.in_features * layer.out_features
            return
        _, _, height, width = inputs[0].shape
        total[0] += output[0].numel() * layer.weight[0].numel()
        lines.append(" ".join(map(str, (layer.in_channels, layer.out_channels, height, width,
                                        layer.kernel_size[0], layer.stride[0], layer.padding[0],
                                        layer.groups))))

    hooks = [layer.register_forward_hook(see) for layer in network.modules()
             if isinstance(layer, (nn.Conv2d, nn.Linear))]
    network(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return total[0], lines


def settle(network, batch):
    """Batch norms take the statistics of `batch`; the weights stay as they were drawn."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    network(batch)
    network.eval()


def main():
    out, archive = pathlib.Path(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    for name in sys.argv[3:]:
        size, make = NETWORKS[name]
        torch.manual_seed(1)
        network = make()
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        batch = pictures(archive, size)
        with torch.no_grad():
            settle(network, batch)
            multiply_adds, convolutions = describe(network, size)
            torch.onnx.export(network, batch[:1], str(out / f"{name}.onnx"), opset_version=13,
                              input_names=["data"], output_names=["logits"],
                              dynamic_axes={"data": {0: "N"}, "logits": {0: "N"}})
            torch.jit.trace(network, batch[:1]).save(str(out / f"{name}.pt"))
            classes = network(batch[:1]).shape[1]
        batch.numpy().astype(numpy.float32).tofile(out / f"{name}.input")
        (out / f"{name}.convolutions").write_text("".join(line + "\n" for line in convolutions))
        (out / f"{name}.json").write_text(json.dumps(
            {"size": size, "classes": classes, "multiply_adds": multiply_adds}))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Exports classifiers from PyTorch with what PyTorch itself answers, for nn to be held against.

usage: export_models.py FOLDER [NAME..]

Each NAME.onnx comes with NAME.input, 5 pictures, and NAME.output, PyTorch's answers: float32, row by
row. Weights are random, with batch statistics that are not trivial."""

import sys
import warnings
from pathlib import Path

import torch
from torch import nn

import models as m

warnings.filterwarnings("ignore")


def randomize(model, seed, pictures):
    """Weights, scales and statistics as a trained network has them: none is 0 or 1, and what differs
    between pictures is neither lost nor blown up on the way."""
    random = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm1d, nn.LayerNorm)):
            module.weight.data.uniform_(0.6, 1.2, generator=random)
            module.bias.data.normal_(0, 0.2, generator=random)
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            module.bias.data.normal_(0, 0.2, generator=random)
    for block in model.modules():  # a trained residual changes little of what it is added to
        if isinstance(block, (m.BasicBlock, m.Bottleneck, m.InvertedResidual)):
            last = [n for n in block.body.modules() if isinstance(n, nn.BatchNorm2d)][-1]
            last.weight.data *= 0.3
    norms = [n for n in model.modules() if isinstance(n, (nn.BatchNorm2d, nn.BatchNorm1d))]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        model(pictures)
    model.eval()


def draw_pictures(count, side):
    """Large patches and some noise: unlike noise alone, they differ after all pooling."""
    patches = nn.functional.interpolate(torch.randn(count, 3, 4, 4), size=(side, side),
                                        mode="bilinear", align_corners=False)
    return patches + 0.3 * torch.randn(count, 3, side, side)


# name: (model, side of the pictures, list of (opset, constant folding, batch or 0 for symbolic))
ALL = [(9, True, 0), (11, False, 0), (13, True, 0), (17, True, 0), (17, False, 0)]
SOME = [(9, True, 0), (13, False, 0), (17, True, 1)]
FEW = [(9, True, 0), (13, False, 0)]
MODELS = {
    "resnet18": (lambda: m.resnet(18, base=16, normalize=True), 64, ALL + [(13, True, 4)]),
    "resnet34": (lambda: m.resnet(34, base=16), 64, [(13, True, 0)]),
    "resnet50": (lambda: m.resnet(50, base=32), 64, FEW),
    "resnet101": (lambda: m.resnet(101, base=16), 64, [(17, True, 0)]),
    "resnet152": (lambda: m.resnet(152, base=16), 64, [(11, True, 0)]),
    "vgg11": (lambda: m.vgg(11, False, base=16, hidden=128), 224, [(13, True, 0)]),
    "vgg16_bn": (lambda: m.vgg(16, True, base=32, hidden=256, pooled=2), 64, FEW),
    "mobilenet_v2": (m.MobileNetV2, 64, SOME),
    "mobilenet_v3_small": (lambda: m.mobilenet_v3("small"), 64, ALL),
    "mobilenet_v3_large": (lambda: m.mobilenet_v3("large"), 64, FEW),
    "mobilenet_v3_written": (lambda: m.mobilenet_v3("small", hswish=m.WrittenHardSwish,
                                                    hsigmoid=m.WrittenHardSigmoid), 64, SOME),
    "efficientnet_b0": (m.EfficientNetB0, 64, FEW),
    "efficientnet_b0_same": (lambda: m.EfficientNetB0(m.WrittenSwish, same_pad=True, mean=True),
                             64, [(11, True, 0), (13, False, 0), (17, True, 1)]),
    "vit_tiny": (m.VisionTransformer, 64, SOME),
    "vit_late": (lambda: m.VisionTransformer(depth=3, attention="late", pool="mean",
                                             gelu=m.WrittenGelu, layer_scale=True), 64, SOME),
    "vit_chunk": (lambda: m.VisionTransformer(32, 8, 96, depth=3, attention="chunk"), 32, ALL),
    "vit_library": (lambda: m.VisionTransformer(32, 8, 96, depth=3, attention="library"), 32, ALL),
    "vit_sequence": (lambda: m.VisionTransformer(32, 8, 96, depth=3, attention="sequence"), 32,
                     ALL),
    "transformer_first": (m.LibraryTransformer, 32, SOME),
    "transformer_last": (lambda: m.LibraryTransformer(norm_first=False), 32, SOME),
    "convnext": (m.ConvNeXt, 64, SOME),
    "mixer": (m.Mixer, 32, SOME),
    "densenet": (m.DenseNet, 32, SOME),
    "shufflenet": (m.ShuffleNet, 32, [(13, False, 0), (17, True, 1)]),
    "squeezenet": (m.SqueezeNet, 33, SOME),
}


def export(folder, name, seed):
    make, side, forms = MODELS[name]
    torch.manual_seed(seed)
    model = make().eval()
    pictures = draw_pictures(5, side)
    randomize(model, seed, pictures)
    # Written out: the fast path of torch.nn's transformers has no form in ONNX.
    with torch.enable_grad():
        answers = model(pictures).detach()
    for opset, fold, batch in forms:
        kind = f"{name}_opset{opset}{'' if fold else '_unfolded'}{f'_batch{batch}' if batch else ''}"
        axes = {} if batch else {"input": {0: "batch"}, "output": {0: "batch"}}
        torch.onnx.export(model, pictures[:batch or 2], str(folder / f"{kind}.onnx"),
                          opset_version=opset, do_constant_folding=fold, input_names=["input"],
                          output_names=["output"], dynamic_axes=axes)
        (folder / f"{kind}.input").write_bytes(pictures.numpy().tobytes())
        (folder / f"{kind}.output").write_bytes(answers.numpy().tobytes())


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for seed, name in enumerate(MODELS):
        if len(sys.argv) == 2 or name in sys.argv[2:]:
            export(folder, name, seed)


main()

"""Image classifiers written out in plain PyTorch, as their papers describe them: the architectures
that nn is to run, small where the structure allows it."""

import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(cin, cout, kernel=3, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *([act()] if act else []))


# ResNet (He et al. 2015)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, cin, width, stride):
        super().__init__()
        self.body = nn.Sequential(conv_bn(cin, width, 3, stride), conv_bn(width, width, act=None))
        self.shortcut = (nn.Identity() if stride == 1 and cin == width
                         else conv_bn(cin, width, 1, stride, act=None))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, cin, width, stride):
        super().__init__()
        out = width * 4
        self.body = nn.Sequential(conv_bn(cin, width, 1), conv_bn(width, width, 3, stride),
                                  conv_bn(width, out, 1, act=None))
        self.shortcut = (nn.Identity() if stride == 1 and cin == out
                         else conv_bn(cin, out, 1, stride, act=None))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, block, counts, base=64, classes=10, normalize=False):
        super().__init__()
        self.normalize = normalize
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.stem = nn.Sequential(conv_bn(3, base, 7, 2), nn.MaxPool2d(3, 2, 1))
        blocks, cin = [], base
        for stage, count in enumerate(counts):
            for i in range(count):
                width = base << stage
                blocks.append(block(cin, width, 2 if stage > 0 and i == 0 else 1))
                cin = width * block.expansion
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(cin, classes)

    def forward(self, x):
        if self.normalize:
            x = (x - self.mean) / self.std
        return self.fc(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


def resnet(depth, base=64, **options):
    block = BasicBlock if depth < 50 else Bottleneck
    counts = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3],
              152: [3, 8, 36, 3]}[depth]
    return ResNet(block, counts, base, **options)


# VGG (Simonyan and Zisserman 2014)


class Vgg(nn.Module):
    def __init__(self, plan, norm, base=64, hidden=4096, pooled=7, classes=10):
        super().__init__()
        layers, cin = [], 3
        for step in plan:
            if step == "M":
                layers.append(nn.MaxPool2d(2, 2))
                continue
            cout = step * base // 64
            layers.append(nn.Conv2d(cin, cout, 3, padding=1))
            layers += [nn.BatchNorm2d(cout)] if norm else []
            layers.append(nn.ReLU(inplace=True))
            cin = cout
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((pooled, pooled))
        self.classifier = nn.Sequential(
            nn.Linear(cin * pooled * pooled, hidden), nn.ReLU(True), nn.Dropout(),
            nn.Linear(hidden, hidden), nn.ReLU(True), nn.Dropout(), nn.Linear(hidden, classes))

    def forward(self, x):
        x = self.pool(self.features(x))
        return self.classifier(x.view(x.size(0), -1))


def vgg(depth, norm, **options):
    plan = {11: [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
            16: [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M",
                 512, 512, 512, "M"]}[depth]
    return Vgg(plan, norm, **options)


# MobileNetV2 (Sandler et al. 2018), V3 (Howard et al. 2019), EfficientNet (Tan and Le 2019)


class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed, act, gate, mean=False):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.act, self.gate, self.mean = act(), gate(), mean

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True) if self.mean else F.adaptive_avg_pool2d(x, 1)
        return x * self.gate(self.expand(self.act(self.reduce(s))))


class InvertedResidual(nn.Module):
    def __init__(self, cin, hidden, cout, kernel, stride, act, squeeze=None):
        super().__init__()
        layers = [conv_bn(cin, hidden, 1, act=act)] if hidden != cin else []
        layers.append(conv_bn(hidden, hidden, kernel, stride, hidden, act))
        layers += [squeeze] if squeeze else []
        layers.append(conv_bn(hidden, cout, 1, act=None))
        self.body = nn.Sequential(*layers)
        self.residual = stride == 1 and cin == cout

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class MobileNetV2(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        layers, cin = [conv_bn(3, 32, 3, 2, act=nn.ReLU6)], 32
        for expand, cout, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2),
                                            (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                                            (6, 320, 1, 1)]:
            for i in range(count):
                layers.append(InvertedResidual(cin, cin * expand, cout, 3,
                                               stride if i == 0 else 1, nn.ReLU6))
                cin = cout
        layers.append(conv_bn(cin, 1280, 1, act=nn.ReLU6))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class WrittenHardSwish(nn.Module):
    def forward(self, x):
        return x * F.relu6(x + 3) / 6


class WrittenHardSigmoid(nn.Module):
    def forward(self, x):
        return F.relu6(x + 3) / 6


class MobileNetV3(nn.Module):
    def __init__(self, rows, last, hswish=nn.Hardswish, hsigmoid=nn.Hardsigmoid, classes=10):
        super().__init__()
        layers, cin = [conv_bn(3, 16, 3, 2, act=hswish)], 16
        for kernel, hidden, cout, squeeze, hard, stride in rows:
            act = hswish if hard else nn.ReLU
            excite = (SqueezeExcite(hidden, max(8, hidden // 4 // 8 * 8), nn.ReLU, hsigmoid)
                      if squeeze else None)
            layers.append(InvertedResidual(cin, hidden, cout, kernel, stride, act, excite))
            cin = cout
        layers.append(conv_bn(cin, cin * 6, 1, act=hswish))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(cin * 6, last), hswish(), nn.Dropout(0.2),
                                        nn.Linear(last, classes))

    def forward(self, x):
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


def mobilenet_v3(size, **options):
    small = [(3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1),
             (5, 96, 40, 1, 1, 2), (5, 240, 40, 1, 1, 1), (5, 240, 40, 1, 1, 1),
             (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2),
             (5, 576, 96, 1, 1, 1), (5, 576, 96, 1, 1, 1)]
    large = [(3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1),
             (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1), (5, 120, 40, 1, 0, 1),
             (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
             (3, 184, 80, 0, 1, 1), (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1),
             (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1), (5, 960, 160, 1, 1, 1)]
    return MobileNetV3(large if size == "large" else small, 1280 if size == "large" else 1024,
                       **options)


class SamePad(nn.Module):
    """Pads as TensorFlow's SAME does: the odd row and column at the end."""

    def __init__(self, kernel, stride):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        side = x.shape[-1]
        pad = max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
        return F.pad(x, [pad // 2, pad - pad // 2, pad // 2, pad - pad // 2])


class WrittenSwish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


class EfficientNetB0(nn.Module):
    def __init__(self, swish=nn.SiLU, same_pad=False, mean=False, classes=10):
        super().__init__()
        layers, cin = [conv_bn(3, 32, 3, 2, act=swish)], 32
        for expand, cout, count, stride, kernel in [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3),
                                                    (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
                                                    (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
                                                    (6, 320, 1, 1, 3)]:
            for i in range(count):
                hidden = cin * expand
                excite = SqueezeExcite(hidden, max(1, cin // 4), swish, nn.Sigmoid, mean)
                block = InvertedResidual(cin, hidden, cout, kernel, stride if i == 0 else 1,
                                         swish, excite)
                if same_pad:
                    for conv in [m for m in block.modules() if isinstance(m, nn.Conv2d)]:
                        conv.padding = (0, 0)
                    depthwise = block.body[1 if expand > 1 else 0]
                    depthwise.insert(0, SamePad(kernel, stride if i == 0 else 1))
                layers.append(block)
                cin = cout
        layers.append(conv_bn(cin, 1280, 1, act=swish))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


# Vision transformers (Dosovitskiy et al. 2020), with attention written in three ways


class Attention(nn.Module):
    """One product for queries, keys and values, taken apart by reshape and permute."""

    def __init__(self, width, heads, scale_late=False):
        super().__init__()
        self.heads, self.scale_late = heads, scale_late
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scale = (width // self.heads) ** -0.5
        if self.scale_late:
            weights = (q @ k.transpose(-2, -1) * scale).softmax(dim=-1)
        else:
            weights = (q * scale @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, tokens, width))


class ChunkedAttention(nn.Module):
    """Queries, keys and values by chunk, scaled by what is computed from the shape."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        b, n = x.size(0), x.size(1)
        q, k, v = (part.view(b, n, self.heads, -1).transpose(1, 2)
                   for part in self.qkv(x).chunk(3, dim=-1))
        scores = torch.matmul(q, k.transpose(2, 3)) / torch.sqrt(
            torch.tensor(float(q.size(-1))))
        mixed = torch.matmul(F.softmax(scores, -1), v)
        return self.out(mixed.transpose(1, 2).contiguous().flatten(2))


class LibraryAttention(nn.Module):
    def __init__(self, width, heads, batch_first):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=batch_first)
        self.batch_first = batch_first

    def forward(self, x):
        x = x if self.batch_first else x.transpose(0, 1)
        x = self.attention(x, x, x, need_weights=False)[0]
        return x if self.batch_first else x.transpose(0, 1)


class WrittenGelu(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * torch.pow(x, 3))))


class EncoderBlock(nn.Module):
    def __init__(self, width, attention, gelu, layer_scale=False):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attention = attention
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), gelu(), nn.Dropout(0.1),
                                 nn.Linear(4 * width, width), nn.Dropout(0.1))
        self.scale = nn.Parameter(torch.full((width,), 0.3)) if layer_scale else None

    def forward(self, x):
        if self.scale is not None:
            x = x + self.scale * self.attention(self.norm1(x))
            return x + self.scale * self.mlp(self.norm2(x))
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, side=64, patch=16, width=192, heads=3, depth=12, attention="permute",
                 gelu=nn.GELU, pool="token", layer_scale=False, classes=10):
        super().__init__()
        make = {"permute": lambda: Attention(width, heads),
                "late": lambda: Attention(width, heads, scale_late=True),
                "chunk": lambda: ChunkedAttention(width, heads),
                "library": lambda: LibraryAttention(width, heads, True),
                "sequence": lambda: LibraryAttention(width, heads, False)}[attention]
        self.pool = pool
        self.patches = nn.Conv2d(3, width, patch, patch)
        count = (side // patch) ** 2
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.5)
        self.positions = nn.Parameter(
            torch.randn(1, count + (1 if pool == "token" else 0), width) * 0.5)
        self.blocks = nn.Sequential(
            *[EncoderBlock(width, make(), gelu, layer_scale) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        if self.pool == "token":
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        x = self.norm(self.blocks(x + self.positions))
        return self.head(x[:, 0] if self.pool == "token" else x.mean(dim=1))


class LibraryTransformer(nn.Module):
    """The encoder that torch.nn brings."""

    def __init__(self, side=32, patch=8, width=64, heads=4, depth=3, norm_first=True, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.positions = nn.Parameter(torch.randn((side // patch) ** 2, width))
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, activation="gelu",
                                           batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, depth)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).permute(0, 2, 1) + self.positions
        return F.log_softmax(self.head(self.encoder(x).mean(1)), dim=1)


# Others that use the same operators


class ConvNeXtBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(),
                                 nn.Linear(4 * width, width))
        self.scale = nn.Parameter(torch.full((width,), 0.3))

    def forward(self, x):
        y = self.mlp(self.norm(self.depthwise(x).permute(0, 2, 3, 1)))
        return x + (self.scale * y).permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self, width=32, classes=10):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 4, 4)
        self.first = nn.Sequential(ConvNeXtBlock(width), ConvNeXtBlock(width))
        self.down = nn.Conv2d(width, 2 * width, 2, 2)
        self.second = nn.Sequential(ConvNeXtBlock(2 * width), ConvNeXtBlock(2 * width))
        self.norm = nn.LayerNorm(2 * width)
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x):
        x = self.second(self.down(self.first(self.stem(x))))
        return self.head(self.norm(x.mean([-2, -1])))


class Mixer(nn.Module):
    def __init__(self, side=32, patch=8, width=64, depth=2, classes=10):
        super().__init__()
        tokens = (side // patch) ** 2
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(2 * depth)])
        self.across = nn.ModuleList([nn.Sequential(nn.Linear(tokens, 32), nn.GELU(),
                                                   nn.Linear(32, tokens)) for _ in range(depth)])
        self.along = nn.ModuleList([nn.Sequential(nn.Linear(width, 96), nn.GELU(),
                                                  nn.Linear(96, width)) for _ in range(depth)])
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        for i, (across, along) in enumerate(zip(self.across, self.along)):
            x = x + across(self.norms[2 * i](x).transpose(1, 2)).transpose(1, 2)
            x = x + along(self.norms[2 * i + 1](x))
        return self.head(x.mean(1))


class DenseNet(nn.Module):
    def __init__(self, growth=12, count=4, classes=10):
        super().__init__()
        self.stem = nn.Conv2d(3, 2 * growth, 3, 2, 1)
        self.blocks, cin = nn.ModuleList(), 2 * growth
        for _ in range(2):
            layers = nn.ModuleList()
            for _ in range(count):
                layers.append(nn.Sequential(nn.BatchNorm2d(cin), nn.ReLU(),
                                            nn.Conv2d(cin, growth, 3, padding=1, bias=False)))
                cin += growth
            self.blocks.append(layers)
        self.norm = nn.BatchNorm2d(cin)
        self.head = nn.Linear(cin, classes)

    def forward(self, x):
        x = self.stem(x)
        for layers in self.blocks:
            for layer in layers:
                x = torch.cat([x, layer(x)], 1)
            x = F.avg_pool2d(x, 2)
        return self.head(F.relu(self.norm(x)).mean((2, 3)))


class ShuffleNet(nn.Module):
    """Channels split, worked on in part and shuffled."""

    def __init__(self, width=48, classes=10):
        super().__init__()
        half = width // 2
        self.stem = conv_bn(3, width, 3, 2)
        self.branches = nn.ModuleList([nn.Sequential(
            conv_bn(half, half, 1), conv_bn(half, half, 3, 1, half, None),
            conv_bn(half, half, 1)) for _ in range(3)])
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.stem(x)
        for branch in self.branches:
            half = x.shape[1] // 2
            a, b = x[:, :half], x[:, half:]
            x = torch.cat((a, branch(b)), dim=1)
            n, c, h, w = x.size()
            x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        return torch.softmax(self.head(x.mean([2, 3])), dim=1)


class SqueezeNet(nn.Module):
    """Ends in a convolution and a global pool; ELU, leaky ReLU, Mish and 1-D batch-norm beside."""

    def __init__(self, classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2), nn.ELU(), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.squeeze = nn.Sequential(nn.Conv2d(32, 8, 1), nn.LeakyReLU(0.1))
        self.one, self.three = nn.Conv2d(8, 24, 1), nn.Conv2d(8, 24, 3, padding=1)
        self.last = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(48, 32, 1), nn.Mish(),
                                  nn.AdaptiveAvgPool2d((1, 1)))
        self.head = nn.Sequential(nn.Linear(32, 24), nn.BatchNorm1d(24), nn.Tanh(),
                                  nn.Linear(24, classes), nn.BatchNorm1d(classes))

    def forward(self, x):
        x = self.squeeze(self.stem(x))
        x = torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)
        return self.head(self.last(x).squeeze(-1).squeeze(-1))

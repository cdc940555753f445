// ReferenceNet: builds an ONNX graph with random weights and computes every value of it beside, in
// the plainest loops, for comparison with the engine. One thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "nn/testing/onnx_builder.h"

namespace scones::nn::testing {

// [N, C, H, W], or [N, C] with height and width 1.
struct Array {
  std::int64_t n = 0, c = 0, h = 1, w = 1;
  std::vector<double> v;

  double& at(std::int64_t i, std::int64_t j, std::int64_t y, std::int64_t x) {
    return v[static_cast<std::size_t>(((i * c + j) * h + y) * w + x)];
  }
  double at(std::int64_t i, std::int64_t j, std::int64_t y, std::int64_t x) const {
    return v[static_cast<std::size_t>(((i * c + j) * h + y) * w + x)];
  }
};

inline Array MakeArray(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  return {n, c, h, w, std::vector<double>(static_cast<std::size_t>(n * c * h * w))};
}

struct ConvShape {
  std::int64_t out = 1, kernel_h = 3, kernel_w = 3, stride = 1, dilation = 1, groups = 1;
  std::vector<std::int64_t> pads = {1, 1, 1, 1};  // top, left, bottom, right
  bool bias = true;
};

class ReferenceNet {
 public:
  ReferenceNet(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w, unsigned seed = 1)
      : random_(seed) {
    Array input = MakeArray(n, c, h, w);
    for (double& x : input.v) x = static_cast<float>(Normal());
    builder.Input("input", {-1, c, h, w});
    values_["input"] = std::move(input);
  }

  const Array& value(const std::string& name) const { return values_.at(name); }
  std::vector<float> input() const {
    const Array& x = value("input");
    return std::vector<float>(x.v.begin(), x.v.end());
  }
  std::string Finish(const std::string& output) {
    builder.Output(output, {-1, value(output).c});
    return builder.Build();
  }

  std::string Conv(const std::string& from, const ConvShape& s) {
    const Array x = value(from);
    const std::string to = Name("conv");
    const std::int64_t per_group = x.c / s.groups;
    const auto w =
        Weights(to + "_w", {s.out, per_group, s.kernel_h, s.kernel_w},
                1.0 / std::sqrt(static_cast<double>(per_group * s.kernel_h * s.kernel_w)));
    std::vector<float> b(static_cast<std::size_t>(s.out), 0.0f);
    std::vector<std::string> inputs = {from, to + "_w"};
    if (s.bias) {
      b = Weights(to + "_b", {s.out}, 0.5);
      inputs.push_back(to + "_b");
    }
    builder.Node("Conv", inputs, {to},
                 {IntsAttribute("kernel_shape", {s.kernel_h, s.kernel_w}),
                  IntsAttribute("strides", {s.stride, s.stride}),
                  IntsAttribute("dilations", {s.dilation, s.dilation}),
                  IntsAttribute("pads", s.pads), IntAttribute("group", s.groups)});
    const std::int64_t oh =
        (x.h + s.pads[0] + s.pads[2] - (s.kernel_h - 1) * s.dilation - 1) / s.stride + 1;
    const std::int64_t ow =
        (x.w + s.pads[1] + s.pads[3] - (s.kernel_w - 1) * s.dilation - 1) / s.stride + 1;
    Array y = MakeArray(x.n, s.out, oh, ow);
    ForEach(y, [&](std::int64_t i, std::int64_t o, std::int64_t r, std::int64_t q) {
      const std::int64_t group = o / (s.out / s.groups);
      double sum = b[static_cast<std::size_t>(o)];
      for (std::int64_t k = 0; k < per_group; ++k) {
        for (std::int64_t u = 0; u < s.kernel_h; ++u) {
          for (std::int64_t t = 0; t < s.kernel_w; ++t) {
            const std::int64_t yy = r * s.stride - s.pads[0] + u * s.dilation;
            const std::int64_t xx = q * s.stride - s.pads[1] + t * s.dilation;
            if (yy < 0 || yy >= x.h || xx < 0 || xx >= x.w) continue;
            const auto index = ((o * per_group + k) * s.kernel_h + u) * s.kernel_w + t;
            sum += x.at(i, group * per_group + k, yy, xx) * w[static_cast<std::size_t>(index)];
          }
        }
      }
      return sum;
    });
    return Keep(to, std::move(y));
  }

  std::string BatchNorm(const std::string& from) {
    const Array x = value(from);
    const std::string to = Name("bn");
    const auto scale = Weights(to + "_s", {x.c}, 1.0);
    const auto shift = Weights(to + "_b", {x.c}, 0.5);
    const auto mean = Weights(to + "_m", {x.c}, 0.5);
    auto variance = Random(static_cast<std::size_t>(x.c), 1.0);
    for (float& v : variance) v = 0.1f + v * v;
    builder.Initializer(FloatTensor(to + "_v", {x.c}, variance));
    builder.Node("BatchNormalization", {from, to + "_s", to + "_b", to + "_m", to + "_v"}, {to},
                 {FloatAttribute("epsilon", 1e-3f)});
    Array y = x;
    ForEach(y, [&](std::int64_t i, std::int64_t c, std::int64_t r, std::int64_t q) {
      const auto k = static_cast<std::size_t>(c);
      return (x.at(i, c, r, q) - mean[k]) / std::sqrt(variance[k] + 1e-3) * scale[k] + shift[k];
    });
    return Keep(to, std::move(y));
  }

  std::string Relu(const std::string& from) {
    const std::string to = Name("relu");
    builder.Node("Relu", {from}, {to});
    return Keep(to, Map(value(from), [](double x) { return std::max(x, 0.0); }));
  }

  std::string Clip(const std::string& from, float low, float high) {
    const std::string to = Name("clip");
    builder.Initializer(FloatTensor(to + "_l", {}, {low}));
    builder.Initializer(FloatTensor(to + "_h", {}, {high}));
    builder.Node("Clip", {from, to + "_l", to + "_h"}, {to});
    return Keep(to, Map(value(from), [&](double x) {
                  return std::min(std::max<double>(x, low), static_cast<double>(high));
                }));
  }

  std::string Sigmoid(const std::string& from) {
    const std::string to = Name("sigmoid");
    builder.Node("Sigmoid", {from}, {to});
    return Keep(to, Map(value(from), [](double x) { return 1 / (1 + std::exp(-x)); }));
  }

  std::string Swish(const std::string& from) { return Scale(from, Sigmoid(from)); }

  // `from` times `factors`, which are as many or one for each channel.
  std::string Scale(const std::string& from, const std::string& factors) {
    const std::string to = Name("mul");
    builder.Node("Mul", {from, factors}, {to});
    const Array& f = value(factors);
    Array y = value(from);
    ForEach(y, [&](std::int64_t i, std::int64_t c, std::int64_t r, std::int64_t q) {
      return y.at(i, c, r, q) * f.at(i, c, f.h == 1 ? 0 : r, f.w == 1 ? 0 : q);
    });
    return Keep(to, std::move(y));
  }

  std::string Add(const std::string& a, const std::string& b) {
    const std::string to = Name("add");
    builder.Node("Add", {a, b}, {to});
    Array y = value(a);
    for (std::size_t i = 0; i < y.v.size(); ++i) y.v[i] += value(b).v[i];
    return Keep(to, std::move(y));
  }

  // `op` is MaxPool or AveragePool.
  std::string Pool(const std::string& op, const std::string& from, std::int64_t kernel,
                   std::int64_t stride, std::int64_t pad, bool include_pad = false,
                   bool ceil = false) {
    const Array x = value(from);
    const std::string to = Name("pool");
    builder.Node(
        op, {from}, {to},
        {IntsAttribute("kernel_shape", {kernel, kernel}),
         IntsAttribute("strides", {stride, stride}), IntsAttribute("pads", {pad, pad, pad, pad}),
         IntAttribute("count_include_pad", include_pad ? 1 : 0),
         IntAttribute("ceil_mode", ceil ? 1 : 0)});
    const auto size = [&](std::int64_t side) {
      const std::int64_t span = side + 2 * pad - kernel;
      return (ceil ? (span + stride - 1) / stride : span / stride) + 1;
    };
    Array y = MakeArray(x.n, x.c, size(x.h), size(x.w));
    ForEach(y, [&](std::int64_t i, std::int64_t c, std::int64_t r, std::int64_t q) {
      double largest = -std::numeric_limits<double>::infinity();
      double sum = 0;
      int count = 0;
      for (std::int64_t u = 0; u < kernel; ++u) {
        for (std::int64_t t = 0; t < kernel; ++t) {
          const std::int64_t yy = r * stride - pad + u;
          const std::int64_t xx = q * stride - pad + t;
          if (yy < 0 || yy >= x.h || xx < 0 || xx >= x.w) continue;
          largest = std::max(largest, x.at(i, c, yy, xx));
          sum += x.at(i, c, yy, xx);
          ++count;
        }
      }
      if (op == "MaxPool") return largest;
      return sum / static_cast<double>(include_pad ? kernel * kernel : count);
    });
    return Keep(to, std::move(y));
  }

  std::string GlobalAveragePool(const std::string& from) {
    const Array x = value(from);
    const std::string to = Name("gap");
    builder.Node("GlobalAveragePool", {from}, {to});
    Array y = MakeArray(x.n, x.c, 1, 1);
    ForEach(y, [&](std::int64_t i, std::int64_t c, std::int64_t, std::int64_t) {
      double sum = 0;
      for (std::int64_t r = 0; r < x.h; ++r) {
        for (std::int64_t q = 0; q < x.w; ++q) sum += x.at(i, c, r, q);
      }
      return sum / static_cast<double>(x.h * x.w);
    });
    return Keep(to, std::move(y));
  }

  std::string Flatten(const std::string& from) {
    const std::string to = Name("flat");
    builder.Node("Flatten", {from}, {to});
    return Keep(to, Flat(value(from)));
  }

  std::string Reshape(const std::string& from, const std::vector<std::int64_t>& shape) {
    const std::string to = Name("shape");
    builder.Initializer(IntTensor(to + "_s", shape));
    builder.Node("Reshape", {from, to + "_s"}, {to});
    return Keep(to, Flat(value(from)));
  }

  std::string Gemm(const std::string& from, std::int64_t out, bool transposed = true) {
    const Array x = value(from);
    const std::string to = Name("gemm");
    const std::int64_t in = x.c;
    const std::vector<std::int64_t> dims =
        transposed ? std::vector<std::int64_t>{out, in} : std::vector<std::int64_t>{in, out};
    const auto w = Weights(to + "_w", dims, 1.0 / std::sqrt(static_cast<double>(in)));
    const auto b = Weights(to + "_b", {out}, 0.5);
    builder.Node("Gemm", {from, to + "_w", to + "_b"}, {to},
                 {IntAttribute("transB", transposed ? 1 : 0), FloatAttribute("alpha", 0.5f)});
    Array y = MakeArray(x.n, out, 1, 1);
    ForEach(y, [&](std::int64_t i, std::int64_t o, std::int64_t, std::int64_t) {
      double sum = 0;
      for (std::int64_t k = 0; k < in; ++k) {
        const auto index = static_cast<std::size_t>(transposed ? o * in + k : k * out + o);
        sum += x.at(i, k, 0, 0) * w[index];
      }
      return 0.5 * sum + b[static_cast<std::size_t>(o)];
    });
    return Keep(to, std::move(y));
  }

  std::string Softmax(const std::string& from) {
    const std::string to = Name("softmax");
    builder.Node("Softmax", {from}, {to}, {IntAttribute("axis", 1)});
    Array y = value(from);
    for (std::int64_t i = 0; i < y.n; ++i) {
      double sum = 0;
      for (std::int64_t c = 0; c < y.c; ++c) sum += std::exp(y.at(i, c, 0, 0));
      for (std::int64_t c = 0; c < y.c; ++c) y.at(i, c, 0, 0) = std::exp(y.at(i, c, 0, 0)) / sum;
    }
    return Keep(to, std::move(y));
  }

  std::vector<float> Random(std::size_t count, double scale) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(Normal() * scale);
    return values;
  }
  // Registers a value that the test adds a node for itself.
  std::string Keep(const std::string& name, Array array) {
    values_[name] = std::move(array);
    return name;
  }
  std::string Name(const std::string& kind) { return kind + std::to_string(values_.size()); }

  OnnxBuilder builder;

 private:
  template <class F>
  static void ForEach(Array& y, F compute) {
    for (std::int64_t i = 0; i < y.n; ++i) {
      for (std::int64_t c = 0; c < y.c; ++c) {
        for (std::int64_t r = 0; r < y.h; ++r) {
          for (std::int64_t q = 0; q < y.w; ++q) y.at(i, c, r, q) = compute(i, c, r, q);
        }
      }
    }
  }
  template <class F>
  static Array Map(Array x, F f) {
    for (double& value : x.v) value = f(value);
    return x;
  }
  static Array Flat(Array x) {
    x.c *= x.h * x.w;
    x.h = x.w = 1;
    return x;
  }
  double Normal() { return std::normal_distribution<double>()(random_); }
  std::vector<float> Weights(const std::string& name, const std::vector<std::int64_t>& dims,
                             double scale) {
    std::size_t count = 1;
    for (const std::int64_t dim : dims) count *= static_cast<std::size_t>(dim);
    auto values = Random(count, scale);
    builder.Initializer(FloatTensor(name, dims, values));
    return values;
  }

  std::mt19937 random_;
  std::map<std::string, Array> values_;
};

}  // namespace scones::nn::testing

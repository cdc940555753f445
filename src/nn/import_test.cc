// What exporters write around the operators of a classifier: computed shapes, functions in pieces,
// constants on either side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "nn/detail/graph.h"
#include "nn/engine.h"
#include "nn/model.h"
#include "nn/testing/onnx_builder.h"

namespace scones::nn {
namespace {

using testing::FloatAttribute;
using testing::FloatTensor;
using ::testing::HasSubstr;
using testing::IntAttribute;
using testing::IntsAttribute;
using testing::IntTensor;
using testing::OnnxBuilder;
using testing::StringAttribute;

// A graph from x, [N, 2, 3, 4], to y, which is flattened at the end.
class Net : public OnnxBuilder {
 public:
  explicit Net(std::int64_t batch = -1) { Input("x", {batch, 2, 3, 4}); }
  void Ints(const std::string& name, const std::vector<std::int64_t>& values) {
    Initializer(IntTensor(name, values));
  }
  void Floats(const std::string& name, const std::vector<std::int64_t>& dims,
              const std::vector<float>& values) {
    Initializer(FloatTensor(name, dims, values));
  }
  Result<std::shared_ptr<const Model>> Load(std::int64_t opset = 17,
                                            const ModelLimits& limits = {}) {
    if (!ended_) {
      Node("Flatten", {"y"}, {"flat"});
      Output("flat", {-1, -1});
      ended_ = true;
    }
    return Model::FromOnnx(Build(opset), limits);
  }
  std::string Refusal(std::int64_t opset = 17, const ModelLimits& limits = {}) {
    const auto model = Load(opset, limits);
    return model ? "accepted" : model.error().message();
  }

 private:
  bool ended_ = false;
};

constexpr int kPictures = 3;
constexpr std::size_t kSize = 24;  // floats in a picture

std::vector<float> Pictures() {
  std::vector<float> x;
  for (std::size_t i = 0; i < kPictures * kSize; ++i) {
    x.push_back(std::sin(static_cast<float>(i) * 0.7f) * 3 + 0.05f);
  }
  return x;
}

using Picture = std::span<const float>;
// Runs three pictures at once and expects what `expected` says of each.
void ExpectAnswers(Net& net, const std::function<std::vector<double>(Picture)>& expected,
                   std::int64_t opset = 17) {
  const auto model = net.Load(opset);
  ASSERT_TRUE(model) << model.error().message();
  auto engine = Engine::Make(*model, {.max_batch = 2});
  ASSERT_TRUE(engine) << engine.error().message();
  const auto x = Pictures();
  const auto count = static_cast<std::size_t>((*model)->class_count());
  std::vector<float> got(kPictures * count);
  const auto done = (*engine)->Run(std::span(x).first(2 * kSize), 2, got);
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_TRUE(
      (*engine)->Run(std::span(x).subspan(2 * kSize), 1, std::span(got).subspan(2 * count)));
  for (std::size_t p = 0; p < kPictures; ++p) {
    const auto answer = expected(std::span(x).subspan(p * kSize, kSize));
    ASSERT_EQ(answer.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_NEAR(got[p * count + i], answer[i], 2e-5 * (1 + std::fabs(answer[i])))
          << "at " << i << " of picture " << p;
    }
  }
}

// The same function of every element.
void ExpectFunction(Net& net, double (*f)(double), std::int64_t opset = 17) {
  ExpectAnswers(
      net,
      [&](Picture x) {
        std::vector<double> y;
        for (const float value : x) y.push_back(f(value));
        return y;
      },
      opset);
}

std::size_t At(std::size_t c, std::size_t h, std::size_t w) { return (c * 3 + h) * 4 + w; }

TEST(Import, ShapesComputedFromTheBatchAreFollowed) {
  Net net;
  // reshape(x, [12, N * 2]) with the batch in the middle: x is transposed to [3, 4, N, 2] first.
  net.Node("Transpose", {"x"}, {"t"}, {IntsAttribute("perm", {2, 3, 0, 1})});
  net.Node("Shape", {"t"}, {"shape"});
  net.Ints("two", {2});
  net.Ints("three", {3});
  net.Ints("minus", {-1});
  net.Node("Gather", {"shape", "two"}, {"n"});
  net.Node("Gather", {"shape", "three"}, {"c"});
  net.Node("Mul", {"n", "c"}, {"nc"});
  net.Node("Concat", {"minus", "nc"}, {"wanted"}, {IntAttribute("axis", 0)});
  net.Node("Reshape", {"t", "wanted"}, {"rows"});
  net.Node("Transpose", {"rows"}, {"back"}, {IntsAttribute("perm", {1, 0})});
  net.Node("Shape", {"x"}, {"first"}, {IntAttribute("end", 1)});
  net.Node("Concat", {"first", "minus"}, {"all"}, {IntAttribute("axis", 0)});
  net.Node("Reshape", {"back", "all"}, {"y"});
  ExpectFunction(net, [](double x) { return x; });
}

TEST(Import, AFixedBatchOfTheExportIsOnePicture) {
  Net net(8);
  net.Ints("s", {8, 6, 4});
  net.Node("Reshape", {"x", "s"}, {"r"});
  net.Ints("e", {8, 6, 4});
  net.Node("Expand", {"r", "e"}, {"y"});
  ExpectFunction(net, [](double x) { return x; });
}

TEST(Import, ASqueezeOfEverythingKeepsTheBatch) {
  Net net;
  net.Node("GlobalMaxPool", {"x"}, {"g"});
  net.Node("Squeeze", {"g"}, {"y"});
  ExpectAnswers(net, [](Picture x) {
    return std::vector<double>{*std::max_element(x.begin(), x.begin() + 12),
                               *std::max_element(x.begin() + 12, x.end())};
  });
}

TEST(Import, ConstantsThatShapesAreMadeOfAreFolded) {
  Net net;
  // where(constant_of_shape([3]) * -1 == -1, [1, 24, 1], ...) and a slice of a range.
  net.Ints("three", {3});
  net.Node("ConstantOfShape", {"three"}, {"zeros"});
  net.Node("Cast", {"zeros"}, {"izeros"}, {IntAttribute("to", 7)});
  net.Ints("minus", {-1});
  net.Node("Sub", {"izeros", "minus"}, {"ones"});
  net.Node("Equal", {"ones", "minus"}, {"are"});
  net.Ints("wrong", {7, 7, 7});
  net.Ints("right", {0, -1, 1});
  net.Node("Where", {"are", "wrong", "right"}, {"chosen"});
  net.Node("Reshape", {"x", "chosen"}, {"r"});
  net.Node("Constant", {}, {"start"}, {IntAttribute("value_int", 0)});
  net.Node("Constant", {}, {"limit"}, {IntAttribute("value_int", 10)});
  net.Node("Constant", {}, {"step"}, {IntAttribute("value_int", 2)});
  net.Node("Range", {"start", "limit", "step"}, {"even"});  // 0 2 4 6 8
  net.Ints("one", {1});
  net.Ints("end", {3});
  net.Node("Slice", {"even", "one", "end"}, {"two_four"});
  net.Node("Unsqueeze", {"two_four", "one"}, {"column"});  // [2, 1]
  net.Node("Squeeze", {"column", "one"}, {"axes"});
  net.Ints("minus_two", {-2});
  net.Node("Add", {"axes", "minus_two"}, {"zero_two"});
  net.Node("Squeeze", {"r", "two_axis"}, {"y"});
  net.Ints("two_axis", {2});
  ExpectFunction(net, [](double x) { return x; });
}

TEST(Import, NewerFormsOfReducingSplittingAndReshaping) {
  Net net;
  net.Ints("rows", {-2});
  net.Node("ReduceMean", {"x", "rows"}, {"m"}, {IntAttribute("keepdims", 0)});  // [N, 2, 4]
  net.Node("Split", {"m"}, {"a", "b"}, {IntAttribute("axis", 2), IntAttribute("num_outputs", 2)});
  net.Node("Sub", {"a", "b"}, {"d"});  // [N, 2, 2]
  net.Ints("s", {1, 4});
  net.Node("Reshape", {"d", "s"}, {"y"}, {IntAttribute("allowzero", 1)});
  ExpectAnswers(
      net,
      [](Picture x) {
        std::vector<double> y;
        for (std::size_t c = 0; c < 2; ++c) {
          for (std::size_t w = 0; w < 2; ++w) {
            double sum = 0;
            for (std::size_t h = 0; h < 3; ++h) sum += x[At(c, h, w)] - x[At(c, h, w + 2)];
            y.push_back(sum / 3);
          }
        }
        return y;
      },
      18);
}

TEST(Import, GeluInEveryForm) {
  const auto gelu = [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); };
  const auto by_tanh = [](double x) {
    return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  };
  Net whole;
  whole.Node("Gelu", {"x"}, {"y"});
  ExpectFunction(whole, gelu, 20);
  Net tanh;
  tanh.Node("Gelu", {"x"}, {"y"}, {StringAttribute("approximate", "tanh")});
  ExpectFunction(tanh, by_tanh, 20);
  for (const bool half_first : {false, true}) {
    Net pieces;
    pieces.Floats("root", {}, {1.4142135f});
    pieces.Floats("one", {}, {1});
    pieces.Floats("half", {}, {0.5f});
    pieces.Node("Div", {"x", "root"}, {"d"});
    pieces.Node("Erf", {"d"}, {"e"});
    pieces.Node("Add", {"e", "one"}, {"a"});
    pieces.Node("Mul", {half_first ? "half" : "x", half_first ? "x" : "a"}, {"m"});
    pieces.Node("Mul", {"m", half_first ? "a" : "half"}, {"y"});
    EXPECT_EQ(pieces.Load().value()->graph().ops.size(), 2u);
    ExpectFunction(pieces, gelu);
  }
}

TEST(Import, SwishesInEveryForm) {
  const auto swish = [](double x) { return x / (1 + std::exp(-x)); };
  const auto hard = [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); };
  Net sigmoid;
  sigmoid.Node("Sigmoid", {"x"}, {"s"});
  sigmoid.Node("Mul", {"s", "x"}, {"y"});
  EXPECT_EQ(sigmoid.Load().value()->graph().ops.size(), 2u);
  ExpectFunction(sigmoid, swish);
  Net whole;
  whole.Node("HardSwish", {"x"}, {"y"});
  ExpectFunction(whole, hard);
  Net product;
  product.Node("HardSigmoid", {"x"}, {"s"}, {FloatAttribute("alpha", 1.0f / 6)});
  product.Node("Mul", {"x", "s"}, {"y"});
  EXPECT_EQ(product.Load().value()->graph().ops.size(), 2u);
  ExpectFunction(product, hard);
  for (const bool divide_first : {false, true}) {
    Net pieces;
    pieces.Floats("three", {}, {3});
    pieces.Floats("six", {}, {6});
    pieces.Floats("zero", {}, {0});
    pieces.Node("Add", {"x", "three"}, {"a"});
    pieces.Node("Clip", {"a", "zero", "six"}, {"c"});
    if (divide_first) pieces.Node("Div", {"c", "six"}, {"d"});
    pieces.Node("Mul", {"x", divide_first ? "d" : "c"}, {"m"});
    pieces.Node(divide_first ? "Identity" : "Div",
                divide_first ? std::vector<std::string>{"m"} : std::vector<std::string>{"m", "six"},
                {"y"});
    EXPECT_EQ(pieces.Load().value()->graph().ops.size(), 2u);
    ExpectFunction(pieces, hard);
  }
}

TEST(Import, WhatOnlyLooksLikeAKnownFunctionIsComputedAsWritten) {
  Net clip;  // five where six should be
  clip.Floats("three", {}, {3});
  clip.Floats("zero", {}, {0});
  clip.Floats("five", {}, {5});
  clip.Floats("six", {}, {6});
  clip.Node("Add", {"x", "three"}, {"a"});
  clip.Node("Clip", {"a", "zero", "five"}, {"c"});
  clip.Node("Mul", {"x", "c"}, {"m"});
  clip.Node("Div", {"m", "six"}, {"y"});
  ExpectFunction(clip, [](double x) { return x * std::clamp(x + 3, 0.0, 5.0) / 6; });
  Net other;  // the sigmoid of something else
  other.Floats("two", {}, {2});
  other.Node("Add", {"x", "two"}, {"a"});
  other.Node("Sigmoid", {"a"}, {"s"});
  other.Node("Mul", {"x", "s"}, {"y"});
  ExpectFunction(other, [](double x) { return x / (1 + std::exp(-x - 2)); });
  Net erf;
  erf.Node("Erf", {"x"}, {"y"});
  EXPECT_THAT(erf.Refusal(), HasSubstr("node 'n_y' (Erf): the function erf is supported as part"));
}

TEST(Import, LayerNormalizationInPiecesIsOneOperator) {
  const auto expected = [](Picture x) {
    std::vector<double> y;
    for (std::size_t row = 0; row < 6; ++row) {
      double mean = 0;
      double squares = 0;
      for (std::size_t i = 0; i < 4; ++i) mean += x[row * 4 + i] / 4.0;
      for (std::size_t i = 0; i < 4; ++i) squares += std::pow(x[row * 4 + i] - mean, 2) / 4;
      for (std::size_t i = 0; i < 4; ++i) {
        const double normal = (x[row * 4 + i] - mean) / std::sqrt(squares + 1e-3);
        y.push_back(normal * static_cast<double>(i + 1) - 0.5 * static_cast<double>(i));
      }
    }
    return y;
  };
  const auto constants = [](Net& net) {
    net.Floats("scale", {4}, {1, 2, 3, 4});
    net.Floats("shift", {4}, {0, -0.5f, -1, -1.5f});
    net.Floats("two", {}, {2});
    net.Floats("epsilon", {}, {1e-3f});
    net.Ints("minus", {-1});
  };
  Net whole;
  constants(whole);
  whole.Node("LayerNormalization", {"x", "scale", "shift"}, {"y"},
             {FloatAttribute("epsilon", 1e-3f)});
  ExpectAnswers(whole, expected);
  for (const bool reciprocal : {false, true}) {
    Net pieces;
    constants(pieces);
    pieces.Node("ReduceMean", {"x", "minus"}, {"mean"});
    pieces.Node("Sub", {"x", "mean"}, {"d"});
    pieces.Node(reciprocal ? "Mul" : "Pow", {"d", reciprocal ? "d" : "two"}, {"dd"});
    pieces.Node("ReduceMean", {"dd", "minus"}, {"v"});
    pieces.Node("Add", {"v", "epsilon"}, {"ve"});
    pieces.Node("Sqrt", {"ve"}, {"s"});
    if (reciprocal) pieces.Node("Reciprocal", {"s"}, {"r"});
    pieces.Node(reciprocal ? "Mul" : "Div", {"d", reciprocal ? "r" : "s"}, {"n"});
    pieces.Node("Mul", {"n", "scale"}, {"ns"});
    pieces.Node("Add", {"ns", "shift"}, {"y"});
    const auto model = pieces.Load(18).value();
    int norms = 0;
    for (const Op& op : model->graph().ops) norms += std::holds_alternative<LayerNorm>(op.kind);
    EXPECT_EQ(norms, 1);
    EXPECT_LE(model->graph().ops.size(), 3u);  // reshapes beside it
    ExpectAnswers(pieces, expected, 18);
  }
}

TEST(Import, ConstantsOnEitherSideAndAlongAnyAxis) {
  struct Case {
    const char* op;
    bool constant_first;
    double (*f)(double x, double c);
  };
  const std::vector<Case> cases = {
      {"Add", false, [](double x, double c) { return x + c; }},
      {"Sub", false, [](double x, double c) { return x - c; }},
      {"Sub", true, [](double x, double c) { return c - x; }},
      {"Mul", true, [](double x, double c) { return x * c; }},
      {"Div", false, [](double x, double c) { return x / c; }},
      {"Div", true, [](double x, double c) { return c / x; }},
      {"Max", false, [](double x, double c) { return std::max(x, c); }},
      {"Min", true, [](double x, double c) { return std::min(x, c); }},
  };
  const std::vector<std::vector<std::int64_t>> shapes = {
      {}, {1}, {4}, {3, 1}, {2, 1, 1}, {1, 2, 1, 1}, {3, 4}, {2, 1, 4}, {1, 2, 3, 4}};
  for (const Case& c : cases) {
    for (const auto& shape : shapes) {
      SCOPED_TRACE(std::string(c.op) + " " + ::testing::PrintToString(shape));
      std::vector<std::int64_t> full(4 - shape.size(), 1);
      full.insert(full.end(), shape.begin(), shape.end());
      std::vector<float> values;
      for (int i = 0; i < full[1] * full[2] * full[3]; ++i) {
        values.push_back(1.5f + 0.25f * static_cast<float>(i));
      }
      Net net;
      net.Floats("c", shape, values);
      net.Node(c.op, {c.constant_first ? "c" : "x", c.constant_first ? "x" : "c"}, {"y"});
      ExpectAnswers(net, [&](Picture x) {
        std::vector<double> y;
        for (std::size_t i = 0; i < kSize; ++i) {
          const std::size_t at[3] = {i / 12, i / 4 % 3, i % 4};
          std::size_t index = 0;
          for (std::size_t k = 0; k < 3; ++k) {
            const auto dim = static_cast<std::size_t>(full[k + 1]);
            index = index * dim + (dim == 1 ? 0 : at[k]);
          }
          y.push_back(c.f(x[i], values[index]));
        }
        return y;
      });
    }
  }
}

TEST(Import, AValueRepeatedOverAnother) {
  Net net;  // squeeze and excitation's product, and each row less its mean, from either side
  net.Node("GlobalAveragePool", {"x"}, {"g"});
  net.Node("Mul", {"g", "x"}, {"m"});
  net.Node("ReduceMean", {"m"}, {"r"}, {IntsAttribute("axes", {3})});
  net.Node("Sub", {"r", "m"}, {"y"});
  ExpectAnswers(net, [](Picture x) {
    std::vector<double> y;
    for (std::size_t i = 0; i < kSize; ++i) {
      double channel = 0;
      for (std::size_t k = 0; k < 12; ++k) channel += x[i / 12 * 12 + k] / 12.0;
      double row = 0;
      for (std::size_t k = 0; k < 4; ++k) row += x[i / 4 * 4 + k] * channel / 4;
      y.push_back(row - x[i] * channel);
    }
    return y;
  });
}

TEST(Import, SoftmaxOverAnyAxis) {
  for (const std::int64_t axis : {1, 2, 3, -1, -2}) {
    for (const std::int64_t opset : {11, 13}) {
      SCOPED_TRACE(std::to_string(axis) + " at " + std::to_string(opset));
      Net net;
      net.Node("Softmax", {"x"}, {"y"}, {IntAttribute("axis", axis)});
      const std::size_t strides[] = {24, 12, 4, 1};
      const auto from = static_cast<std::size_t>(axis < 0 ? axis + 4 : axis);
      const std::size_t run = opset < 13 ? strides[from - 1] : strides[from];
      const std::size_t whole = strides[from - 1];
      ExpectAnswers(
          net,
          [&](Picture x) {
            std::vector<double> y;
            for (std::size_t i = 0; i < kSize; ++i) {
              double sum = 0;
              for (std::size_t k = 0; k < kSize; ++k) {
                const bool same_outer = k / whole == i / whole;
                const bool same_inner = opset < 13 || k % run == i % run;
                if (same_outer && same_inner) sum += std::exp(double{x[k]});
              }
              y.push_back(std::exp(double{x[i]}) / sum);
            }
            return y;
          },
          opset);
    }
  }
}

TEST(Import, PicturesArePaddedWithAnyNumber) {
  Net net;
  net.Ints("pads", {0, 0, 1, 0, 0, 0, 0, 2});
  net.Floats("value", {}, {7});
  net.Node("Pad", {"x", "pads", "value"}, {"y"});
  ExpectAnswers(net, [](Picture x) {
    std::vector<double> y;
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t h = 0; h < 4; ++h) {
        for (std::size_t w = 0; w < 6; ++w) {
          y.push_back(h == 0 || w >= 4 ? 7 : double{x[At(c, h - 1, w)]});
        }
      }
    }
    return y;
  });
  Net into_conv;
  into_conv.Ints("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  into_conv.Floats("w", {1, 2, 3, 3}, std::vector<float>(18, 0.5f));
  into_conv.Node("Pad", {"x", "pads"}, {"p"});
  into_conv.Node("Conv", {"p", "w"}, {"y"});
  EXPECT_EQ(into_conv.Load().value()->graph().ops.size(), 2u);
}

TEST(Import, PartsAreTakenAndJoined) {
  Net net;
  net.Ints("one", {1});
  net.Ints("minus", {-1});
  net.Ints("end", {9223372036854775807});
  net.Ints("two", {2});
  net.Node("Slice", {"x", "one", "end", "two"}, {"bottom"});  // rows 1 and 2
  net.Node("Gather", {"x", "minus"}, {"last"}, {IntAttribute("axis", 2)});
  net.Floats("c", {1, 2, 1, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  net.Node("Concat", {"last", "c", "bottom"}, {"y"}, {IntAttribute("axis", 2)});
  ExpectAnswers(net, [](Picture x) {
    std::vector<double> y;
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t w = 0; w < 4; ++w) y.push_back(x[At(c, 2, w)]);
      for (std::size_t w = 0; w < 4; ++w) y.push_back(static_cast<double>(c * 4 + w + 1));
      for (std::size_t h = 1; h < 3; ++h) {
        for (std::size_t w = 0; w < 4; ++w) y.push_back(x[At(c, h, w)]);
      }
    }
    return y;
  });
}

TEST(Import, ProductsOfValues) {
  Net net;  // x times its own transpose, for each channel, and a constant from the left
  net.Node("Transpose", {"x"}, {"t"}, {IntsAttribute("perm", {0, 1, 3, 2})});
  net.Floats("half", {}, {0.5f});
  net.Node("Mul", {"t", "half"}, {"h"});
  net.Node("MatMul", {"x", "h"}, {"p"});
  net.Floats("left", {2, 1, 3}, {1, 2, 3, -1, 0, 1});
  net.Node("MatMul", {"left", "p"}, {"y"});  // [N, 2, 1, 3]
  ExpectAnswers(net, [](Picture x) {
    const double left[2][3] = {{1, 2, 3}, {-1, 0, 1}};
    std::vector<double> y;
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t j = 0; j < 3; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < 3; ++i) {
          for (std::size_t w = 0; w < 4; ++w) {
            sum += left[c][i] * x[At(c, i, w)] * x[At(c, j, w)] * 0.5;
          }
        }
        y.push_back(sum);
      }
    }
    return y;
  });
}

TEST(Import, WhatIsNotSupportedIsSaid) {
  const auto refusal = [](const std::function<void(Net&)>& add) {
    Net net;
    add(net);
    return net.Refusal();
  };
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("i", {1, 0});
                net.Node("Gather", {"x", "i"}, {"y"}, {IntAttribute("axis", 1)});
              }),
              HasSubstr("(Gather): indices that do not follow each other"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("e", {5, 2, 3, 4});
                net.Node("Expand", {"x", "e"}, {"y"});
              }),
              HasSubstr("repeating a value of shape [1, 2, 3, 4] to [5, 2, 3, 4]"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("a", {0});
                net.Ints("b", {3});
                net.Ints("axis", {3});
                net.Ints("step", {2});
                net.Node("Slice", {"x", "a", "b", "axis", "step"}, {"y"});
              }),
              HasSubstr("steps other than 1"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("p", {0, 0, 1, 1, 0, 0, 1, 1});
                net.Node("Pad", {"x", "p"}, {"y"}, {StringAttribute("mode", "reflect")});
              }),
              HasSubstr("mode 'reflect'"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Node("MatMul", {"x", "x"}, {"y"});
              }),
              HasSubstr("a product of [1, 2, 3, 4] and [1, 2, 3, 4]"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("i", {3});
                net.Node("Add", {"x", "i"}, {"y"});
              }),
              HasSubstr("integers"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("zero", {0});
                net.Ints("one", {1});
                net.Node("Div", {"one", "zero"}, {"d"});
                net.Node("Reshape", {"x", "d"}, {"y"});
              }),
              HasSubstr("(Div): Div of such constants"));
}

TEST(Import, ConstantsAreHeldToTheLimitBeforeTheyAreMade) {
  const auto refusal = [](const std::function<void(Net&)>& add) {
    Net net;
    add(net);
    net.Node("Identity", {"x"}, {"y"});
    return net.Refusal(17, {.max_weight_bytes = 1 << 20});
  };
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("s", {1 << 15, 1 << 15});
                net.Node("ConstantOfShape", {"s"}, {"c"});
              }),
              HasSubstr("limit of 1048576 bytes"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Ints("s", {std::int64_t{1} << 40, std::int64_t{1} << 40});
                net.Node("ConstantOfShape", {"s"}, {"c"});
              }),
              HasSubstr("too large"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Floats("a", {1000, 1}, std::vector<float>(1000));
                net.Floats("b", {1000}, std::vector<float>(1000));
                net.Node("Add", {"a", "b"}, {"c"});
              }),
              HasSubstr("limit of 1048576 bytes"));
  EXPECT_THAT(refusal([](Net& net) {
                net.Node("Constant", {}, {"a"}, {FloatAttribute("value_float", 0)});
                net.Node("Constant", {}, {"b"}, {FloatAttribute("value_float", 1)});
                net.Node("Constant", {}, {"c"}, {FloatAttribute("value_float", 1e-8f)});
                net.Node("Range", {"a", "b", "c"}, {"r"});
              }),
              HasSubstr("limit of 1048576 bytes"));
  EXPECT_EQ(refusal([](Net& net) {
              net.Ints("s", {100});
              net.Node("ConstantOfShape", {"s"}, {"c"});
            }),
            "accepted");
}

}  // namespace
}  // namespace scones::nn

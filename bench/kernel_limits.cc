// What the machine can do: bare oneDNN kernels, without anything of ours between them, on as many
// threads as OMP_NUM_THREADS says. Commands on standard input, one answer a line; times are those
// of the fastest try.
//   kernel_limits
//   "peak PRECISION TRIES"             -> multiply-adds a second of the best large kernel
//   "floor PRECISION BATCH TRIES FILE" -> seconds of one pass over the convolutions in FILE
// FILE: a convolution a line: channels in, out, height, width, kernel, stride, padding, groups.
// Each has weights of its own, as in a network; all read one source and write one destination.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

namespace {

using dnnl::memory;
using Type = memory::data_type;

struct Convolution {
  int in = 0;
  int out = 0;
  int height = 0;
  int width = 0;
  int kernel = 1;
  int stride = 1;
  int padding = 0;
  int groups = 1;

  int OutHeight() const { return (height + 2 * padding - kernel) / stride + 1; }
  int OutWidth() const { return (width + 2 * padding - kernel) / stride + 1; }
  double MultiplyAdds() const {
    return 1.0 * out * OutHeight() * OutWidth() * (in / groups) * kernel * kernel;
  }
};

struct Types {
  Type source;
  Type weights;
  Type destination;
};

// As a network in this precision would have it: int8 takes unsigned activations after a ReLU.
Types TypesOf(const std::string& precision) {
  if (precision == "bf16") return {Type::bf16, Type::bf16, Type::bf16};
  if (precision == "int8") return {Type::u8, Type::s8, Type::u8};
  return {Type::f32, Type::f32, Type::f32};
}

struct Step {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
};

memory Zeros(const memory::desc& description, const dnnl::engine& engine) {
  memory result(description, engine);
  std::memset(result.get_data_handle(), 0, description.get_size());
  return result;
}

// Steps share `source` and `destination`, which must be large enough for each.
Step MakeStep(const Convolution& shape, int batch, const Types& types, const dnnl::engine& engine,
              void* source, void* destination) {
  const auto any = memory::format_tag::any;
  const int groups = shape.groups;
  const memory::dims weights =
      groups == 1
          ? memory::dims{shape.out, shape.in, shape.kernel, shape.kernel}
          : memory::dims{groups, shape.out / groups, shape.in / groups, shape.kernel, shape.kernel};
  const dnnl::convolution_forward::desc description(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      {{batch, shape.in, shape.height, shape.width}, types.source, any},
      {weights, types.weights, any},
      {{batch, shape.out, shape.OutHeight(), shape.OutWidth()}, types.destination, any},
      {shape.stride, shape.stride}, {shape.padding, shape.padding}, {shape.padding, shape.padding});
  const dnnl::convolution_forward::primitive_desc chosen(description, engine);
  return {dnnl::convolution_forward(chosen),
          {{DNNL_ARG_SRC, memory(chosen.src_desc(), engine, source)},
           {DNNL_ARG_WEIGHTS, Zeros(chosen.weights_desc(), engine)},
           {DNNL_ARG_DST, memory(chosen.dst_desc(), engine, destination)}}};
}

// Seconds of the fastest of `tries` passes over the steps, after one that isn't counted.
double FastestPass(std::vector<Step>& steps, int tries) {
  dnnl::stream stream(steps.front().arguments.at(DNNL_ARG_SRC).get_engine());
  double fastest = 1e9;
  for (int i = -1; i < tries; ++i) {
    const auto started = std::chrono::steady_clock::now();
    for (Step& step : steps) step.primitive.execute(stream, step.arguments);
    stream.wait();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    if (i >= 0) fastest = std::min(fastest, taken.count());
  }
  return fastest;
}

double FastestPass(const std::vector<Convolution>& shapes, int batch, const std::string& precision,
                   int tries) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  constexpr std::int64_t kPadded = 64;  // blocked layouts round channels up
  std::int64_t largest = 0;
  for (const Convolution& shape : shapes) {
    largest = std::max({largest, (shape.in + kPadded) * shape.height * shape.width,
                        (shape.out + kPadded) * shape.OutHeight() * shape.OutWidth()});
  }
  const auto bytes = static_cast<std::size_t>(largest) * batch * sizeof(float);
  std::vector<char> source(bytes);
  std::vector<char> destination(bytes);
  std::vector<Step> steps;
  for (const Convolution& shape : shapes) {
    steps.push_back(
        MakeStep(shape, batch, TypesOf(precision), engine, source.data(), destination.data()));
  }
  return FastestPass(steps, tries);
}

double MatrixMultiplyAddsPerSecond(int size, const std::string& precision, int tries) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const Types types = TypesOf(precision);
  const auto any = memory::format_tag::any;
  const memory::dims square = {size, size};
  const dnnl::matmul::desc description({square, types.source, any}, {square, types.weights, any},
                                       {square, types.destination, any});
  const dnnl::matmul::primitive_desc chosen(description, engine);
  std::vector<Step> steps = {{dnnl::matmul(chosen),
                              {{DNNL_ARG_SRC, Zeros(chosen.src_desc(), engine)},
                               {DNNL_ARG_WEIGHTS, Zeros(chosen.weights_desc(), engine)},
                               {DNNL_ARG_DST, Zeros(chosen.dst_desc(), engine)}}}};
  return 1.0 * size * size * size / FastestPass(steps, tries);
}

double Peak(const std::string& precision, int tries) {
  double best = 0;
  for (const int size : {256, 512, 1024}) {
    best = std::max(best, MatrixMultiplyAddsPerSecond(size, precision, tries));
  }
  const std::vector<Convolution> convolutions = {{64, 64, 32, 32, 3, 1, 1, 1},
                                                 {128, 128, 28, 28, 3, 1, 1, 1},
                                                 {256, 256, 14, 14, 3, 1, 1, 1},
                                                 {256, 256, 28, 28, 1, 1, 0, 1}};
  for (const Convolution& shape : convolutions) {
    for (const int batch : {1, 8}) {
      best = std::max(best,
                      shape.MultiplyAdds() * batch / FastestPass({shape}, batch, precision, tries));
    }
  }
  return best;
}

std::vector<Convolution> ReadConvolutions(const std::string& path) {
  std::ifstream file(path);
  std::vector<Convolution> shapes;
  Convolution shape;
  while (file >> shape.in >> shape.out >> shape.height >> shape.width >> shape.kernel >>
         shape.stride >> shape.padding >> shape.groups) {
    shapes.push_back(shape);
  }
  return shapes;
}

void Serve() {
  std::cout << "ready" << std::endl;
  std::string command;
  std::string precision;
  int tries = 0;
  while (std::cin >> command >> precision) {
    double result = 0;
    if (command == "peak") {
      std::cin >> tries;
      result = Peak(precision, tries);
    } else {
      int batch = 0;
      std::string path;
      std::cin >> batch >> tries >> path;
      const std::vector<Convolution> shapes = ReadConvolutions(path);
      if (!shapes.empty()) result = FastestPass(shapes, batch, precision, tries);
    }
    std::cout << result << std::endl;
  }
}

}  // namespace

int main() {
  try {
    Serve();
  } catch (const std::exception& failure) {
    std::cout << "refused: " << failure.what() << std::endl;
    return 1;
  }
  return 0;
}

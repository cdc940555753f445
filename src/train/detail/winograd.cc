// 3x3 convolutions by products of transformed tiles: see winograd_kernels.h.
#include "train/detail/winograd.h"

#if defined(__x86_64__)
#include <ATen/Parallel.h>

#include <algorithm>

namespace scones::train {
namespace {

// Tiles that are transformed, multiplied and transformed back while they are in the cache.
constexpr int kBlock = 48;
// Tiles that are summed over at once for a gradient of weights, at least.
constexpr int kSumBlock = 128;
// Keeps rows that are written together off the same lines of the cache.
constexpr int kSkew = 32;

int PanelWidth(int channels, int panel) { return std::min(kPanel, channels - panel * kPanel); }
int Panels(int channels) { return (channels + kPanel - 1) / kPanel; }

template <class Output>
TileGrid GridOver(const Maps& maps) {
  return {(maps.height + Output::kTo - 1) / Output::kTo,
          (maps.width + Output::kTo - 1) / Output::kTo};
}

// Memory of one thread, kept between calls.
struct Scratch {
  std::vector<Bfloat16> left;
  std::vector<float> products;
};

Scratch& OwnScratch(std::size_t left, std::size_t products) {
  thread_local Scratch scratch;
  if (scratch.left.size() < left) scratch.left.resize(left);
  if (scratch.products.size() < products) scratch.products.resize(products);
  return scratch;
}

// y = or += x convolved with packed weights.
template <class Scheme>
void Convolve(const Maps& x, const Bfloat16* weights, const Maps& y, bool add, double* totals) {
  constexpr int kProducts = Scheme::Input::kTo * Scheme::Input::kTo;
  TileGrid grid = GridOver<typename Scheme::Output>(y);
  long tiles = static_cast<long>(grid.PerPicture()) * y.count;
  long blocks = (tiles + kBlock - 1) / kBlock;
  std::vector<float> of_blocks(totals != nullptr ? blocks * 2 * y.channels : 0);
  at::parallel_for(0, blocks, 1, [&](long begin, long end) {
    long left_size = static_cast<long>(kBlock) * x.channels + kSkew;
    long product_size = static_cast<long>(kBlock) * std::min(kPanel, y.channels) + kSkew;
    Scratch& scratch = OwnScratch(kProducts * left_size, kProducts * product_size);
    for (long block = begin; block < end; ++block) {
      long first = block * kBlock;
      int count = static_cast<int>(std::min<long>(kBlock, tiles - first));
      TransformTiles<typename Scheme::Input>(x, grid, first, count, scratch.left.data(), left_size);
      for (int panel = 0; panel < Panels(y.channels); ++panel) {
        int columns = PanelWidth(y.channels, panel);
        const Bfloat16* right =
            weights + static_cast<long>(panel) * kPanel * x.channels * kProducts;
        for (int i = 0; i < kProducts; ++i) {
          PairMatrix left{scratch.left.data() + i * left_size, x.channels / 2, 1};
          MultiplyPanel(left, count, right + static_cast<long>(i) * x.channels * columns, columns,
                        x.channels / 2, scratch.products.data() + i * product_size, columns, false);
        }
        float* sums = totals == nullptr
                          ? nullptr
                          : of_blocks.data() + (block * y.channels + panel * kPanel) * 2;
        TransformProducts<typename Scheme::Output>(scratch.products.data(), product_size, grid,
                                                   first, count, y, panel * kPanel, columns, add,
                                                   sums);
      }
    }
  });
  if (totals == nullptr) return;
  std::fill_n(totals, 2 * y.channels, 0.0);
  for (long block = 0; block < blocks; ++block) {
    const float* of_block = of_blocks.data() + block * 2 * y.channels;
    for (int channel = 0; channel < y.channels; ++channel) {
      int panel = channel / kPanel;
      int columns = PanelWidth(y.channels, panel);
      const float* sums = of_block + panel * kPanel * 2 + channel % kPanel;
      totals[channel] += sums[0];
      totals[y.channels + channel] += sums[columns];
    }
  }
}

template <class Scheme>
void PackBoth(const float* weights, int inputs, int outputs, std::vector<Bfloat16>& over_inputs,
              std::vector<Bfloat16>& over_outputs) {
  std::size_t size =
      static_cast<std::size_t>(inputs) * outputs * Scheme::Input::kTo * Scheme::Input::kTo;
  over_inputs.resize(size);
  over_outputs.resize(size);
  at::parallel_for(0, outputs / kLanes, 1, [&](long begin, long end) {
    int first = static_cast<int>(begin) * kLanes;
    int count = static_cast<int>(end - begin) * kLanes;
    PackOverInputs<typename Scheme::Weights>(weights, inputs, outputs, first, count,
                                             over_inputs.data());
    PackOverOutputs<typename Scheme::Backward::Weights>(weights, inputs, outputs, first, count,
                                                        over_outputs.data());
  });
}

struct SumFactors {
  std::vector<Bfloat16>& left;
  std::vector<Bfloat16>& right;
  std::vector<float>& products;
};

template <class Scheme>
void WeightGradients(const Maps& x, const Maps& dy, SumFactors memory, float* gradient) {
  constexpr int kProducts = Scheme::Input::kTo * Scheme::Input::kTo;
  int inputs = x.channels;
  int outputs = dy.channels;
  TileGrid grid = GridOver<typename Scheme::Output>(dy);
  long tiles = static_cast<long>(grid.PerPicture()) * dy.count;
  int block = std::max({kSumBlock, inputs, outputs});
  int most_pairs = block / 2;
  memory.products.resize(static_cast<std::size_t>(kProducts) * inputs * outputs);
  long left_size = 2L * most_pairs * std::min(kPanel, outputs) + kSkew;
  long right_size = 2L * most_pairs * std::min(kPanel, inputs) + kSkew;
  memory.left.resize(Panels(outputs) * kProducts * left_size);
  memory.right.resize(Panels(inputs) * kProducts * right_size);
  for (long first = 0; first < tiles; first += block) {
    int pairs = static_cast<int>((std::min<long>(block, tiles - first) + 1) / 2);
    at::parallel_for(0, pairs, 16, [&](long begin, long end) {
      int count = static_cast<int>(end - begin);
      TransformTilePairs<typename Scheme::Input>(x, grid, first + 2 * begin, count,
                                                 memory.right.data(), begin, right_size,
                                                 kProducts * right_size);
      TransformTilePairs<typename Scheme::OutputGradient>(dy, grid, first + 2 * begin, count,
                                                          memory.left.data(), begin, left_size,
                                                          kProducts * left_size);
    });
    at::parallel_for(0, kProducts, 1, [&](long begin, long end) {
      for (long i = begin; i < end; ++i) {
        for (int row_panel = 0; row_panel < Panels(outputs); ++row_panel) {
          int rows = PanelWidth(outputs, row_panel);
          PairMatrix left{memory.left.data() + (row_panel * kProducts + i) * left_size, 1, rows};
          for (int panel = 0; panel < Panels(inputs); ++panel) {
            float* sums = memory.products.data() +
                          (i * outputs + row_panel * kPanel) * static_cast<long>(inputs) +
                          panel * kPanel;
            MultiplyPanel(left, rows, memory.right.data() + (panel * kProducts + i) * right_size,
                          PanelWidth(inputs, panel), pairs, sums, inputs, first > 0);
          }
        }
      }
    });
  }
  at::parallel_for(0, outputs / kLanes, 1, [&](long begin, long end) {
    UnpackGradient<typename Scheme::WeightGradient>(
        memory.products.data(), inputs, outputs, static_cast<int>(begin) * kLanes,
        static_cast<int>(end - begin) * kLanes, gradient);
  });
}

}  // namespace

WinogradConvolution::WinogradConvolution(int inputs, int outputs, int stride)
    : inputs_(inputs), outputs_(outputs), stride_(stride) {}

void WinogradConvolution::Pack(const float* weights) {
  auto pack = stride_ == 1 ? PackBoth<Stride1> : PackBoth<Stride2>;
  pack(weights, inputs_, outputs_, over_inputs_, over_outputs_);
}

void WinogradConvolution::Forward(const Maps& x, const Maps& y, double* totals) {
  auto convolve = stride_ == 1 ? Convolve<Stride1> : Convolve<Stride2>;
  convolve(x, over_inputs_.data(), y, false, totals);
}

void WinogradConvolution::BackwardInput(const Maps& dy, const Maps& dx, bool add) {
  auto convolve = stride_ == 1 ? Convolve<Stride1::Backward> : Convolve<Stride2::Backward>;
  convolve(dy, over_outputs_.data(), dx, add, nullptr);
}

void WinogradConvolution::BackwardWeights(const Maps& x, const Maps& dy, float* gradient) {
  auto compute = stride_ == 1 ? WeightGradients<Stride1> : WeightGradients<Stride2>;
  compute(x, dy, {left_, right_, products_}, gradient);
}

}  // namespace scones::train
#endif

// The vector loops of winograd.cc: transforms between pictures' tiles and the factors of the
// matrix products that a convolution becomes. Pure; safe from any thread on different outputs.
// Source: Winograd 1980; Lavin and Gray 2015, arXiv:1509.09308.
#pragma once

#include "train/detail/gemm.h"

#if defined(__x86_64__)
namespace scones::train {

// A batch of channels-last bfloat16 feature maps: [count][height][width][channels].
struct Maps {
  Bfloat16* data;
  int count;
  int height;
  int width;
  int channels;  // a multiple of kLanes
};

// One dimension of a transform on tiles: kFrom numbers become kTo. Where it reads or writes maps,
// tiles lie kStep apart and the first begins at kOrigin. Two-dimensional transforms apply it to
// the columns, then to the rows. `d` of a tile, `g` of the 3 weights, `p` of the products.

// Stride 1, F(2, 3): two outputs from 4 products.
struct Stride1 {
  struct Input {
    static constexpr int kFrom = 4, kTo = 4, kStep = 2, kOrigin = -1;
    SCONES_AVX512_INLINE static void Apply(const __m512* d, __m512* p) {
      p[0] = d[0] - d[2];
      p[1] = d[1] + d[2];
      p[2] = d[2] - d[1];
      p[3] = d[1] - d[3];
    }
  };
  struct Weights {
    static constexpr int kFrom = 3, kTo = 4;
    SCONES_AVX512_INLINE static void Apply(const __m512* g, __m512* p) {
      __m512 ends = (g[0] + g[2]) * 0.5f;
      __m512 middle = g[1] * 0.5f;
      p[0] = g[0];
      p[1] = ends + middle;
      p[2] = ends - middle;
      p[3] = g[2];
    }
  };
  struct Output {
    static constexpr int kFrom = 4, kTo = 2, kStep = 2;
    SCONES_AVX512_INLINE static void Apply(const __m512* p, __m512* d) {
      d[0] = p[0] + p[1] + p[2];
      d[1] = p[1] - p[2] - p[3];
    }
  };
  // The transposes of Output and Weights.
  struct OutputGradient {
    static constexpr int kFrom = 2, kTo = 4, kStep = 2, kOrigin = 0;
    SCONES_AVX512_INLINE static void Apply(const __m512* d, __m512* p) {
      p[0] = d[0];
      p[1] = d[0] + d[1];
      p[2] = d[0] - d[1];
      p[3] = -d[1];
    }
  };
  struct WeightGradient {
    static constexpr int kFrom = 4, kTo = 3;
    SCONES_AVX512_INLINE static void Apply(const __m512* p, __m512* g) {
      __m512 sum = (p[1] + p[2]) * 0.5f;
      g[0] = p[0] + sum;
      g[1] = (p[1] - p[2]) * 0.5f;
      g[2] = p[3] + sum;
    }
  };
  // The gradient of the input is a convolution of the output's with the weights turned round.
  struct Backward {
    using Input = Stride1::Input;
    using Output = Stride1::Output;
    struct Weights {
      static constexpr int kFrom = 3, kTo = 4;
      SCONES_AVX512_INLINE static void Apply(const __m512* g, __m512* p) {
        __m512 turned[3] = {g[2], g[1], g[0]};
        Stride1::Weights::Apply(turned, p);
      }
    };
  };
};

// Stride 2: F(2, 2) of the even inputs with the outer weights, and the odd inputs times the middle
// one: two outputs from 5 products.
struct Stride2 {
  struct Input {
    static constexpr int kFrom = 5, kTo = 5, kStep = 4, kOrigin = -1;
    SCONES_AVX512_INLINE static void Apply(const __m512* d, __m512* p) {
      p[0] = d[0] - d[2];
      p[1] = d[2];
      p[2] = d[4] - d[2];
      p[3] = d[1];
      p[4] = d[3];
    }
  };
  struct Weights {
    static constexpr int kFrom = 3, kTo = 5;
    SCONES_AVX512_INLINE static void Apply(const __m512* g, __m512* p) {
      p[0] = g[0];
      p[1] = g[0] + g[2];
      p[2] = g[2];
      p[3] = g[1];
      p[4] = g[1];
    }
  };
  struct Output {
    static constexpr int kFrom = 5, kTo = 2, kStep = 2;
    SCONES_AVX512_INLINE static void Apply(const __m512* p, __m512* d) {
      d[0] = p[0] + p[1] + p[3];
      d[1] = p[1] + p[2] + p[4];
    }
  };
  struct OutputGradient {
    static constexpr int kFrom = 2, kTo = 5, kStep = 2, kOrigin = 0;
    SCONES_AVX512_INLINE static void Apply(const __m512* d, __m512* p) {
      p[0] = d[0];
      p[1] = d[0] + d[1];
      p[2] = d[1];
      p[3] = d[0];
      p[4] = d[1];
    }
  };
  struct WeightGradient {
    static constexpr int kFrom = 5, kTo = 3;
    SCONES_AVX512_INLINE static void Apply(const __m512* p, __m512* g) {
      g[0] = p[0] + p[1];
      g[1] = p[3] + p[4];
      g[2] = p[1] + p[2];
    }
  };
  // Input 2i gets output i times the middle weight, 2i + 1 gets two neighbours times the outer
  // ones: four gradients from 5 products.
  struct Backward {
    struct Input {
      static constexpr int kFrom = 3, kTo = 5, kStep = 2, kOrigin = 0;
      SCONES_AVX512_INLINE static void Apply(const __m512* d, __m512* p) {
        p[0] = d[0] - d[1];
        p[1] = d[1];
        p[2] = d[2] - d[1];
        p[3] = d[0];
        p[4] = d[1];
      }
    };
    struct Weights {
      static constexpr int kFrom = 3, kTo = 5;
      SCONES_AVX512_INLINE static void Apply(const __m512* g, __m512* p) {
        p[0] = g[2];
        p[1] = g[0] + g[2];
        p[2] = g[0];
        p[3] = g[1];
        p[4] = g[1];
      }
    };
    struct Output {
      static constexpr int kFrom = 5, kTo = 4, kStep = 4;
      SCONES_AVX512_INLINE static void Apply(const __m512* p, __m512* d) {
        d[0] = p[3];
        d[1] = p[0] + p[1];
        d[2] = p[4];
        d[3] = p[1] + p[2];
      }
    };
  };
};

template <class Transform>
SCONES_AVX512_INLINE void ApplyTwice(const __m512 (&from)[Transform::kFrom][Transform::kFrom],
                                     __m512 (&to)[Transform::kTo][Transform::kTo]) {
  constexpr int kFrom = Transform::kFrom;
  constexpr int kTo = Transform::kTo;
  __m512 half[kTo][kFrom];
#pragma unroll
  for (int c = 0; c < kFrom; ++c) {
    __m512 column[kFrom];
    __m512 result[kTo];
#pragma unroll
    for (int r = 0; r < kFrom; ++r) column[r] = from[r][c];
    Transform::Apply(column, result);
#pragma unroll
    for (int r = 0; r < kTo; ++r) half[r][c] = result[r];
  }
#pragma unroll
  for (int r = 0; r < kTo; ++r) Transform::Apply(half[r], to[r]);
}

// Numbers the tiles of a batch: picture by picture, row by row.
struct TileGrid {
  int down;
  int across;

  int PerPicture() const { return down * across; }
};

struct TilePlace {
  TilePlace(const TileGrid& tiles, long index)
      : grid(tiles),
        picture(static_cast<int>(index / tiles.PerPicture())),
        y(static_cast<int>(index % tiles.PerPicture()) / tiles.across),
        x(static_cast<int>(index % tiles.across)) {}
  void Next() {
    if (++x < grid.across) return;
    x = 0;
    if (++y < grid.down) return;
    y = 0;
    ++picture;
  }

  TileGrid grid;
  int picture, y, x;
};

constexpr int kMaxChannels = 4096;
alignas(64) inline const Bfloat16 kZeroPixel[kMaxChannels] = {};

// Where the pixels of a tile lie; those outside the maps show zeros.
template <class Transform>
inline void FindPixels(const Maps& maps, const TilePlace& place,
                       const Bfloat16* (&pixels)[Transform::kFrom][Transform::kFrom]) {
  int top = place.y * Transform::kStep + Transform::kOrigin;
  int left = place.x * Transform::kStep + Transform::kOrigin;
  for (int r = 0; r < Transform::kFrom; ++r) {
    int y = top + r;
    bool inside = y >= 0 && y < maps.height && place.picture < maps.count;
    const Bfloat16* row = maps.data + (static_cast<long>(place.picture) * maps.height + y) *
                                          maps.width * maps.channels;
    for (int c = 0; c < Transform::kFrom; ++c) {
      int x = left + c;
      pixels[r][c] = inside && x >= 0 && x < maps.width ? row + static_cast<long>(x) * maps.channels
                                                        : kZeroPixel;
    }
  }
}

template <class Transform>
SCONES_AVX512_INLINE void TransformPixels(
    const Bfloat16* const (&pixels)[Transform::kFrom][Transform::kFrom], int channel,
    __m512 (&products)[Transform::kTo][Transform::kTo]) {
  __m512 tile[Transform::kFrom][Transform::kFrom];
#pragma unroll
  for (int r = 0; r < Transform::kFrom; ++r) {
#pragma unroll
    for (int c = 0; c < Transform::kFrom; ++c) tile[r][c] = Load(pixels[r][c] + channel);
  }
  ApplyTwice<Transform>(tile, products);
}

// Tiles [first, first + count) as left factors: out[product][tile][channel].
template <class Transform>
SCONES_AVX512 void TransformTiles(const Maps& maps, const TileGrid& grid, long first, int count,
                                  Bfloat16* out, long product_size) {
  constexpr int kTo = Transform::kTo;
  TilePlace place(grid, first);
  for (int tile = 0; tile < count; ++tile, place.Next()) {
    const Bfloat16* pixels[Transform::kFrom][Transform::kFrom];
    FindPixels<Transform>(maps, place, pixels);
    for (int channel = 0; channel < maps.channels; channel += kLanes) {
      __m512 products[kTo][kTo];
      TransformPixels<Transform>(pixels, channel, products);
      Bfloat16* to = out + static_cast<long>(tile) * maps.channels + channel;
#pragma unroll
      for (int i = 0; i < kTo * kTo; ++i) Store(to + i * product_size, products[i / kTo][i % kTo]);
    }
  }
}

// Pairs of tiles from tile `first` on, as factors that are summed over tiles, from place
// `first_pair` of out[panel][product][pair][channel][2] on.
template <class Transform>
SCONES_AVX512 void TransformTilePairs(const Maps& maps, const TileGrid& grid, long first, int pairs,
                                      Bfloat16* out, long first_pair, long product_size,
                                      long panel_size) {
  constexpr int kTo = Transform::kTo;
  TilePlace place(grid, first);
  for (int pair = 0; pair < pairs; ++pair) {
    const Bfloat16* pixels[2][Transform::kFrom][Transform::kFrom];
    for (auto& tile : pixels) {
      FindPixels<Transform>(maps, place, tile);
      place.Next();
    }
    for (int channel = 0; channel < maps.channels; channel += kLanes) {
      int panel = channel / kPanel;
      int columns = maps.channels - panel * kPanel < kPanel ? maps.channels % kPanel : kPanel;
      __m512 products[2][kTo][kTo];
      TransformPixels<Transform>(pixels[0], channel, products[0]);
      TransformPixels<Transform>(pixels[1], channel, products[1]);
      Bfloat16* to =
          out + panel * panel_size + ((first_pair + pair) * columns + channel % kPanel) * 2;
#pragma unroll
      for (int i = 0; i < kTo * kTo; ++i) {
        StorePairs(to + i * product_size, products[0][i / kTo][i % kTo],
                   products[1][i / kTo][i % kTo]);
      }
    }
  }
}

// products[product][tile][column] to channels [channel, channel + columns) of the maps, set or
// added to. totals[2][columns], where given, gains the sums of what is written and of its squares.
template <class Transform>
SCONES_AVX512 void TransformProducts(const float* products, long product_size, const TileGrid& grid,
                                     long first, int count, const Maps& maps, int channel,
                                     int columns, bool add, float* totals) {
  constexpr int kFrom = Transform::kFrom;
  constexpr int kTo = Transform::kTo;
  for (int column = 0; column < columns; column += kLanes) {
    TilePlace place(grid, first);
    __m512 sum = _mm512_setzero_ps();
    __m512 squares = _mm512_setzero_ps();
    for (int tile = 0; tile < count; ++tile, place.Next()) {
      const float* from = products + static_cast<long>(tile) * columns + column;
      __m512 in[kFrom][kFrom];
      __m512 out[kTo][kTo];
#pragma unroll
      for (int i = 0; i < kFrom * kFrom; ++i) {
        in[i / kFrom][i % kFrom] = _mm512_loadu_ps(from + i * product_size);
      }
      ApplyTwice<Transform>(in, out);
#pragma unroll
      for (int i = 0; i < kTo * kTo; ++i) {
        int y = place.y * Transform::kStep + i / kTo;
        int x = place.x * Transform::kStep + i % kTo;
        if (y >= maps.height || x >= maps.width) continue;
        Bfloat16* pixel = maps.data +
                          ((static_cast<long>(place.picture) * maps.height + y) * maps.width + x) *
                              maps.channels +
                          channel + column;
        __m512 value = out[i / kTo][i % kTo];
        if (add) value += Load(pixel);
        sum += value;
        squares = _mm512_fmadd_ps(value, value, squares);
        Store(pixel, value);
      }
    }
    if (totals == nullptr) continue;
    float* to = totals + column;
    _mm512_storeu_ps(to, _mm512_loadu_ps(to) + sum);
    _mm512_storeu_ps(to + columns, _mm512_loadu_ps(to + columns) + squares);
  }
}

// Loads the 3x3 weights [output][3][3][input] of one output and kLanes inputs.
template <class Transform>
SCONES_AVX512_INLINE void TransformWeights(const float* weights, int inputs,
                                           __m512 (&products)[Transform::kTo][Transform::kTo]) {
  __m512 kernel[3][3];
#pragma unroll
  for (int i = 0; i < 9; ++i) kernel[i / 3][i % 3] = _mm512_loadu_ps(weights + i * inputs);
  ApplyTwice<Transform>(kernel, products);
}

// Weights of outputs [first, first + count) as right factors that sum over inputs:
// out[panel of outputs][product][pair of inputs][output][2].
template <class Transform>
SCONES_AVX512 void PackOverInputs(const float* weights, int inputs, int outputs, int first,
                                  int count, Bfloat16* out) {
  constexpr int kProducts = Transform::kTo * Transform::kTo;
  for (int output = first; output < first + count; ++output) {
    int panel = output / kPanel;
    int columns = outputs - panel * kPanel < kPanel ? outputs % kPanel : kPanel;
    Bfloat16* of_panel = out + static_cast<long>(panel) * kPanel * inputs * kProducts;
    __m256i places =
        _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(columns));
    for (int input = 0; input < inputs; input += kLanes) {
      __m512 products[Transform::kTo][Transform::kTo];
      TransformWeights<Transform>(weights + static_cast<long>(output) * 9 * inputs + input, inputs,
                                  products);
      for (int i = 0; i < kProducts; ++i) {
        Bfloat16* to = of_panel + static_cast<long>(i) * inputs * columns + input * columns +
                       2 * (output % kPanel);
        _mm256_i32scatter_epi32(to, places, Round(products[i / Transform::kTo][i % Transform::kTo]),
                                4);
      }
    }
  }
}

// The same that sum over outputs: out[panel of inputs][product][pair of outputs][input][2];
// `first` and `count` are even.
template <class Transform>
SCONES_AVX512 void PackOverOutputs(const float* weights, int inputs, int outputs, int first,
                                   int count, Bfloat16* out) {
  constexpr int kTo = Transform::kTo;
  for (int output = first; output < first + count; output += 2) {
    const float* of_output = weights + static_cast<long>(output) * 9 * inputs;
    for (int input = 0; input < inputs; input += kLanes) {
      int panel = input / kPanel;
      int columns = inputs - panel * kPanel < kPanel ? inputs % kPanel : kPanel;
      __m512 products[2][kTo][kTo];
      TransformWeights<Transform>(of_output + input, inputs, products[0]);
      TransformWeights<Transform>(of_output + 9 * inputs + input, inputs, products[1]);
      Bfloat16* to = out + static_cast<long>(panel) * kPanel * outputs * kTo * kTo +
                     output * columns + 2 * (input % kPanel);
      for (int i = 0; i < kTo * kTo; ++i) {
        StorePairs(to + static_cast<long>(i) * outputs * columns, products[0][i / kTo][i % kTo],
                   products[1][i / kTo][i % kTo]);
      }
    }
  }
}

// products[product][output][input] of outputs [first, first + count) to gradients of the weights.
template <class Transform>
SCONES_AVX512 void UnpackGradient(const float* products, int inputs, int outputs, int first,
                                  int count, float* gradient) {
  constexpr int kFrom = Transform::kFrom;
  long product_size = static_cast<long>(inputs) * outputs;
  for (int output = first; output < first + count; ++output) {
    for (int input = 0; input < inputs; input += kLanes) {
      const float* from = products + static_cast<long>(output) * inputs + input;
      __m512 in[kFrom][kFrom];
      __m512 out[3][3];
      for (int i = 0; i < kFrom * kFrom; ++i) {
        in[i / kFrom][i % kFrom] = _mm512_loadu_ps(from + i * product_size);
      }
      ApplyTwice<Transform>(in, out);
      float* to = gradient + static_cast<long>(output) * 9 * inputs + input;
      for (int i = 0; i < 9; ++i) _mm512_storeu_ps(to + i * inputs, out[i / 3][i % 3]);
    }
  }
}

}  // namespace scones::train
#endif

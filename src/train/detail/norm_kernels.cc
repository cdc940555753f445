#include "train/detail/norm_kernels.h"

#if defined(__x86_64__)
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

namespace scones::train {
namespace {

// Rows whose sums are made in float32, and that stay in the nearest cache while they are; sums of
// chunks are added up in double.
constexpr long kChunk = 64;

SCONES_AVX512_INLINE __m512 LoadMasked(const Bfloat16* dz, const Bfloat16* z, long at) {
  __m512 g = Load(dz + at);
  if (z == nullptr) return g;
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(Load(z + at), _mm512_setzero_ps(), _CMP_GT_OQ), g);
}

SCONES_AVX512 void SumChunk(const Bfloat16* y, long count, int channels, float* sums) {
  for (int channel = 0; channel < channels; channel += kLanes) {
    __m512 sum = _mm512_setzero_ps();
    __m512 squares = _mm512_setzero_ps();
    for (long row = 0; row < count; ++row) {
      __m512 value = Load(y + row * channels + channel);
      sum = _mm512_add_ps(sum, value);
      squares = _mm512_fmadd_ps(value, value, squares);
    }
    _mm512_storeu_ps(sums + channel, sum);
    _mm512_storeu_ps(sums + channels + channel, squares);
  }
}

SCONES_AVX512 void ScaleChunk(const Bfloat16* y, long count, int channels, const float* scale,
                              const float* shift, const Bfloat16* shortcut, bool relu,
                              Bfloat16* z) {
  __m512 floor = _mm512_set1_ps(relu ? 0 : -INFINITY);
  for (long row = 0; row < count; ++row) {
    for (int channel = 0; channel < channels; channel += kLanes) {
      long at = row * channels + channel;
      __m512 value = _mm512_fmadd_ps(Load(y + at), _mm512_loadu_ps(scale + channel),
                                     _mm512_loadu_ps(shift + channel));
      if (shortcut != nullptr) value = _mm512_add_ps(value, Load(shortcut + at));
      // In this order of arguments a value that is not a number stays one.
      Store(z + at, _mm512_max_ps(floor, value));
    }
  }
}

SCONES_AVX512 void SumGradientChunk(const Bfloat16* dz, const Bfloat16* z, const Bfloat16* y,
                                    long count, int channels, Bfloat16* masked, float* sums) {
  for (int channel = 0; channel < channels; channel += kLanes) {
    __m512 sum = _mm512_setzero_ps();
    __m512 products = _mm512_setzero_ps();
    for (long row = 0; row < count; ++row) {
      long at = row * channels + channel;
      __m512 g = LoadMasked(dz, z, at);
      sum = _mm512_add_ps(sum, g);
      products = _mm512_fmadd_ps(g, Load(y + at), products);
      if (masked != nullptr) Store(masked + at, g);
    }
    _mm512_storeu_ps(sums + channel, sum);
    _mm512_storeu_ps(sums + channels + channel, products);
  }
}

SCONES_AVX512 void CombineChunk(const Bfloat16* dz, const Bfloat16* z, const Bfloat16* y,
                                long count, int channels, const GradientFactors& factors,
                                Bfloat16* dy) {
  const float* a = factors.of_gradient.data();
  const float* b = factors.of_value.data();
  const float* c = factors.constant.data();
  for (long row = 0; row < count; ++row) {
    for (int channel = 0; channel < channels; channel += kLanes) {
      long at = row * channels + channel;
      __m512 rest =
          _mm512_fmadd_ps(Load(y + at), _mm512_loadu_ps(b + channel), _mm512_loadu_ps(c + channel));
      __m512 g = LoadMasked(dz, z, at);
      Store(dy + at, _mm512_fmadd_ps(g, _mm512_loadu_ps(a + channel), rest));
    }
  }
}

// Calls work(chunk, first number, rows) for every chunk.
template <class Work>
void ForChunks(Rows rows, const Work& work) {
  long chunks = (rows.count + kChunk - 1) / kChunk;
  at::parallel_for(0, chunks, 64, [&](long begin, long end) {
    for (long chunk = begin; chunk < end; ++chunk) {
      long first = chunk * kChunk;
      work(chunk, first * rows.channels, std::min(kChunk, rows.count - first));
    }
  });
}

// Calls work(first number, rows, sums) for every chunk and adds up sums[2][channels].
template <class Work>
void SumChunks(Rows rows, double* totals, const Work& work) {
  long sums = 2L * rows.channels;
  std::vector<float> of_chunks((rows.count + kChunk - 1) / kChunk * sums);
  ForChunks(rows, [&](long chunk, long first, long count) {
    work(first, count, of_chunks.data() + chunk * sums);
  });
  std::fill_n(totals, sums, 0.0);
  for (std::size_t chunk = 0; chunk < of_chunks.size(); chunk += sums) {
    for (long i = 0; i < sums; ++i) totals[i] += of_chunks[chunk + i];
  }
}

const Bfloat16* At(const Bfloat16* array, long first) {
  return array == nullptr ? nullptr : array + first;
}

}  // namespace

void SumRows(const Bfloat16* y, Rows rows, double* totals) {
  SumChunks(rows, totals, [&](long first, long count, float* sums) {
    SumChunk(y + first, count, rows.channels, sums);
  });
}

void ScaleRows(const Bfloat16* y, Rows rows, const float* scale, const float* shift,
               const Bfloat16* shortcut, bool relu, Bfloat16* z) {
  ForChunks(rows, [&](long, long first, long count) {
    ScaleChunk(y + first, count, rows.channels, scale, shift, At(shortcut, first), relu, z + first);
  });
}

void SumGradientRows(const Bfloat16* dz, const Bfloat16* z, const Bfloat16* y, Rows rows,
                     Bfloat16* masked, double* totals) {
  SumChunks(rows, totals, [&](long first, long count, float* sums) {
    SumGradientChunk(dz + first, At(z, first), y + first, count, rows.channels,
                     masked == nullptr ? nullptr : masked + first, sums);
  });
}

void CombineGradientRows(const Bfloat16* dz, const Bfloat16* z, const Bfloat16* y, Rows rows,
                         const GradientFactors& factors, Bfloat16* dy) {
  ForChunks(rows, [&](long, long first, long count) {
    CombineChunk(dz + first, At(z, first), y + first, count, rows.channels, factors, dy + first);
  });
}

}  // namespace scones::train
#endif

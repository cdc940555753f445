#include "train/detail/gemm.h"

#if defined(__x86_64__)
#include <cstring>

namespace scones::train {
namespace {

// Rows computed at once: with 4 vectors of columns, 24 sums stay in registers.
constexpr int kRows = 6;

template <int kRowCount, int kVectors>
SCONES_AVX512 void MultiplyTile(const PairMatrix& left, const Bfloat16* right, int pairs,
                                float* sums, long sums_row, bool add) {
  __m512 sum[kRowCount][kVectors];
#pragma unroll
  for (int m = 0; m < kRowCount; ++m) {
#pragma unroll
    for (int n = 0; n < kVectors; ++n) sum[m][n] = _mm512_setzero_ps();
  }
  const Bfloat16* a = left.data;
  for (int k = 0; k < pairs; ++k, a += 2 * left.pair, right += 2 * kLanes * kVectors) {
    __m512i b[kVectors];
#pragma unroll
    for (int n = 0; n < kVectors; ++n) {
      b[n] = _mm512_loadu_si512(right + 2 * kLanes * n);
    }
#pragma unroll
    for (int m = 0; m < kRowCount; ++m) {
      int bits;
      std::memcpy(&bits, a + 2 * m * left.row, sizeof bits);
      __m512i pair = _mm512_set1_epi32(bits);
      asm("" : "+v"(pair));  // hides from Clang 16 that all are equal, which it never gets over
#pragma unroll
      for (int n = 0; n < kVectors; ++n) {
        sum[m][n] = _mm512_dpbf16_ps(sum[m][n], (__m512bh)pair, (__m512bh)b[n]);
      }
    }
  }
#pragma unroll
  for (int m = 0; m < kRowCount; ++m) {
#pragma unroll
    for (int n = 0; n < kVectors; ++n) {
      float* out = sums + m * sums_row + n * kLanes;
      __m512 total = add ? _mm512_add_ps(sum[m][n], _mm512_loadu_ps(out)) : sum[m][n];
      _mm512_storeu_ps(out, total);
    }
  }
}

using Tile = void (*)(const PairMatrix&, const Bfloat16*, int, float*, long, bool);

template <int kVectors>
void MultiplyRows(PairMatrix left, int rows, const Bfloat16* right, int pairs, float* sums,
                  long sums_row, bool add) {
  constexpr Tile kTiles[kRows] = {MultiplyTile<1, kVectors>, MultiplyTile<2, kVectors>,
                                  MultiplyTile<3, kVectors>, MultiplyTile<4, kVectors>,
                                  MultiplyTile<5, kVectors>, MultiplyTile<6, kVectors>};
  for (; rows > 0; rows -= kRows) {
    kTiles[(rows < kRows ? rows : kRows) - 1](left, right, pairs, sums, sums_row, add);
    left.data += 2 * kRows * left.row;
    sums += kRows * sums_row;
  }
}

}  // namespace

void MultiplyPanel(const PairMatrix& left, int rows, const Bfloat16* right, int columns, int pairs,
                   float* sums, long sums_row, bool add) {
  switch (columns / kLanes) {
    case 1:
      return MultiplyRows<1>(left, rows, right, pairs, sums, sums_row, add);
    case 2:
      return MultiplyRows<2>(left, rows, right, pairs, sums, sums_row, add);
    case 3:
      return MultiplyRows<3>(left, rows, right, pairs, sums, sums_row, add);
    default:
      return MultiplyRows<4>(left, rows, right, pairs, sums, sums_row, add);
  }
}

}  // namespace scones::train
#endif

// The matrix product inside the training kernels, on one thread: bfloat16 factors, float32 sums.
#pragma once

#include "train/detail/avx512.h"

#if defined(__x86_64__)
namespace scones::train {

// Columns that are multiplied at once; matrices on the right are stored in panels this wide, the
// last one narrower.
constexpr int kPanel = 64;

// The k-th and the next number of a row or column lie together, as one pair.
struct PairMatrix {
  const Bfloat16* data;
  long row;   // pairs from one row to the next
  long pair;  // pairs from one pair of a row to the next
};

// sums[m][n] (+)= left[m][k] * right[k][n] for `rows` rows, `columns` (16, 32, 48 or 64) columns
// and 2 * `pairs` summands. right: [pairs][columns][2].
void MultiplyPanel(const PairMatrix& left, int rows, const Bfloat16* right, int columns, int pairs,
                   float* sums, long sums_row, bool add);

}  // namespace scones::train
#endif

// Vectors of 16 numbers for the training kernels: float32 in registers, bfloat16 in memory.
// Functions marked SCONES_AVX512 are compiled for AVX-512 with its bfloat16 extension whatever the
// rest of the program is compiled for, and may be called only where HasAvx512() is true.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>

#define SCONES_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define SCONES_AVX512_INLINE SCONES_AVX512 __attribute__((always_inline)) inline

namespace scones::train {

using Bfloat16 = std::uint16_t;  // the bits
constexpr int kLanes = 16;

inline bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512bf16") != 0;
}

SCONES_AVX512_INLINE __m512 Load(const Bfloat16* p) {
  __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

SCONES_AVX512_INLINE __m256i Round(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }

SCONES_AVX512_INLINE void Store(Bfloat16* p, __m512 x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), Round(x));
}

// first[0], second[0], first[1], second[1], ...: the order in which products are summed in pairs.
SCONES_AVX512_INLINE void StorePairs(Bfloat16* p, __m512 first, __m512 second) {
  __m512i low = _mm512_cvtepu16_epi32(Round(first));
  __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32(Round(second)), 16);
  _mm512_storeu_si512(p, _mm512_or_si512(low, high));
}

}  // namespace scones::train
#endif

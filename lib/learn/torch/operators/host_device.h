// SPDX-License-Identifier: Apache-2.0
// Private to the operators: marks functions that CUDA's compiler too compiles, for both processors. What they
// include and say must be C++17.
#pragma once

#ifdef __CUDACC__
#define MASKMILL_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define MASKMILL_HOST_DEVICE [[gnu::always_inline]] inline
#endif

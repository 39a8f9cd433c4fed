// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/operators/operators.h"

// Loading the library is all there is to call; naming this makes the linker take what registers the
// operators.
[[gnu::used]] static void (*const kept)() = maskmill::learn::keep_operators;

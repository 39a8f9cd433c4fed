// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/error.h"

// What every target says of its input.
namespace maskmill::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// Whether the action came to its end. An Error is a fair answer, but for one that says that we are at fault.
template <class Action>
bool answers(Action&& action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    require(error.code() != Code::bug, error.what());
    return false;
  }
}

}  // namespace maskmill::fuzz

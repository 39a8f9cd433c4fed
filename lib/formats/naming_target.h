// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/path.h"

namespace maskmill {

/// Runs what writes into a staging folder, which is gone afterwards: an Error(write_failed) of it names the
/// target.
template <class Action>
void naming_target(const Path& target, Action&& action) try {
  action();
} catch (const Error& error) {
  if (error.code() != Code::write_failed) throw;
  throw Error(error.code(), error.message()).at_file(target).hint(error.hint_text());
}

}  // namespace maskmill

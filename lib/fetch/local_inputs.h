// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/staging.h"
#include "fetch/access.h"

namespace maskmill::fetch {

/// Operands that are files, folders or URLs: what URLs hold is downloaded, several at once, into a folder for
/// temporary files that is gone with this. Of URLs with a user's token only that is printed which is no
/// secret.
class LocalInputs {
 public:
  /// Throws as download(), for the first that cannot be had, and Error(usage) for what is no URL but looks
  /// like one.
  explicit LocalInputs(const std::vector<std::string>& inputs, const Access& access = {});

  /// One an operand, in their order; a URL's file keeps its name.
  const std::vector<std::string>& paths() const { return paths_; }
  /// The operands as they may be printed.
  const std::vector<std::string>& printable() const { return printable_; }

 private:
  std::unique_ptr<Staging> staging_;
  std::vector<std::string> paths_, printable_;
};

}  // namespace maskmill::fetch

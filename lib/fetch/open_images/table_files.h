// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/finding.h"
#include "base/path.h"
#include "fetch/access.h"
#include "fetch/open_images/row_filter.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// Published files: whole in a folder that outlives the command, where there is one, and else as they come.
class TableFiles {
 public:
  TableFiles(std::optional<Path> folder, const Access& access);

  const Access& access() const { return access_; }
  /// Where the file lies, or will, in the folder; nothing without one.
  std::optional<Path> place(const Url& url) const;
  bool is_there(const Url& url) const;

  /// The whole file, in the folder or else in `otherwise`; downloaded where it is not there yet.
  Path whole(const Url& url, const Path& otherwise) const;
  /// Its bytes in pieces, from the folder where there is one.
  void read(const Url& url, const std::function<void(std::string_view)>& take) const;

 private:
  std::optional<Path> folder_;
  Access access_;
};

using MakeFilter = std::function<std::unique_ptr<RowFilter>(RowSinks sinks)>;

/// Makes `target` the table's header and the rows that the filter finds; it is whole or absent. Findings:
/// "unreadable-row". Throws as TableFiles and RowFilter do, and Error(write_failed).
void write_filtered_table(const TableFiles& files, const Url& url, const MakeFilter& make_filter,
                          const Path& target, Findings& findings);

}  // namespace maskmill::fetch

// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/table_files.h"

#include <boost/filesystem.hpp>

#include "base/output.h"
#include "base/parallel.h"
#include "base/shared_file.h"
#include "fetch/download.h"
#include "fetch/remote_file.h"

namespace maskmill::fetch {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

/// Rows wait here, so that few large pieces are written.
class RowWriter {
 public:
  explicit RowWriter(ByteWriter& file) : file_(file) {}
  void add(std::string_view row) {
    waiting_ += row;
    waiting_ += '\n';
    if (waiting_.size() >= kPieceBytes) flush();
  }
  void flush() {
    file_.write(waiting_);
    waiting_.clear();
  }

 private:
  ByteWriter& file_;
  std::string waiting_;
};

}  // namespace

TableFiles::TableFiles(std::optional<Path> folder, const Access& access)
    : folder_(std::move(folder)), access_(access) {}

std::optional<Path> TableFiles::place(const Url& url) const {
  if (!folder_) return std::nullopt;
  return *folder_ / url.file_name();
}

bool TableFiles::is_there(const Url& url) const {
  const auto path = place(url);
  boost::system::error_code failure;
  return path && fs::is_regular_file(*path, failure);
}

Path TableFiles::whole(const Url& url, const Path& otherwise) const {
  const Path path = place(url).value_or(otherwise / url.file_name());
  download({url, path}, access_);
  return path;
}

void TableFiles::read(const Url& url, const std::function<void(std::string_view)>& take) const {
  if (!folder_) return stream(url, take, access_);
  const SharedFile file(whole(url, *folder_));
  std::string piece(kPieceBytes, '\0');
  std::uint64_t offset = 0;
  while (const std::size_t got = file.read_some(offset, piece.data(), piece.size())) {
    if (interrupted()) throw Error(Code::interrupted, "interrupted");
    take(std::string_view(piece).substr(0, got));
    offset += got;
  }
}

void write_filtered_table(const TableFiles& files, const Url& url, const MakeFilter& make_filter,
                          const Path& target, Findings& findings) {
  OutputFile file(target, Overwrite::yes);
  RowWriter rows(file);
  const auto filter = make_filter(
      {[&](std::string_view row, const auto&) { rows.add(row); },
       [&](std::string_view row) { rows.add(row); },
       [&](const Error& error) { findings.add(to_finding(error, "unreadable-row", Severity::warning)); }});
  files.read(url, [&](std::string_view bytes) { filter->add(bytes); });
  filter->finish();
  rows.flush();
  file.commit();
}

}  // namespace maskmill::fetch

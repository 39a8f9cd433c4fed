// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_parts.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 14;

Error failure(const Path& folder, std::string_view what) {
  return Error(Code::write_failed,
               "a temporary file cannot be " + std::string(what) + ": " + std::strerror(errno))
      .at_file(folder);
}

void visit_lines(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

}  // namespace

PartFile::PartFile(const Path& folder) : folder_(folder) {
  std::string name = (folder / ".maskmill-part-XXXXXX").string();
  descriptor_ = ::mkstemp(name.data());
  if (descriptor_ < 0) throw failure(folder_, "made");
  ::unlink(name.c_str());
}

PartFile::~PartFile() {
  ::close(descriptor_);
}

std::uint64_t PartFile::append(std::string_view bytes) {
  const std::uint64_t offset = size_;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failure(folder_, "written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return offset;
}

void PartFile::read(std::uint64_t offset, std::uint64_t length, std::string& bytes) const {
  bytes.resize(length);
  for (std::size_t filled = 0; filled < length;) {
    const ssize_t got =
        ::pread(descriptor_, bytes.data() + filled, length - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;  // nobody else can have made it shorter
    if (got <= 0) throw failure(folder_, "read");
    filled += static_cast<std::size_t>(got);
  }
}

void LineStore::append(std::string_view line) {
  last_lines_ += line;
  last_lines_ += '\n';
  if (last_lines_.size() < kBlock) return;
  blocks_.push_back({file_.append(last_lines_), last_lines_.size()});
  last_lines_ = std::string();  // one long line is no reason to keep its room, and there may be many stores
}

void LineStore::for_each(const std::function<void(std::string_view)>& visit) const {
  std::string block;
  for (const auto& [offset, length] : blocks_) {
    file_.read(offset, length, block);
    visit_lines(block, visit);
  }
  visit_lines(last_lines_, visit);
}

void IdList::add(std::optional<std::int64_t> id) {
  ids_.push_back(id.value_or(0));
  is_stated_.push_back(id.has_value());
}

IdList::Resolved IdList::resolve() && {
  std::vector<std::pair<std::int64_t, std::size_t>> stated;
  std::vector<std::size_t> unnumbered;
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (is_stated_[i])
      stated.emplace_back(ids_[i], i);
    else
      unnumbered.push_back(i);
  std::sort(stated.begin(), stated.end());
  Resolved result;
  for (std::size_t i = 1; i < stated.size(); ++i)
    if (stated[i].first == stated[i - 1].first) {
      unnumbered.push_back(stated[i].second);
      ++result.renumbered;
    }
  std::sort(unnumbered.begin(), unnumbered.end());
  std::int64_t free = 1;
  auto taken = std::lower_bound(stated.begin(), stated.end(), std::pair(free, std::size_t{0}));
  for (const std::size_t i : unnumbered) {
    for (; taken != stated.end() && taken->first <= free; ++taken)
      if (taken->first == free) ++free;
    ids_[i] = free++;
  }
  result.ids = std::move(ids_);
  return result;
}

}  // namespace maskmill

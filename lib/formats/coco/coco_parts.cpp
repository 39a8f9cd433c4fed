// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_parts.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace maskmill {
namespace {

Error cannot_write(const Path& folder) {
  return Error(Code::write_failed, std::string("a temporary file cannot be written: ") + std::strerror(errno))
      .at_file(folder);
}

}  // namespace

LineStore::LineStore(const Path& folder) : folder_(folder) {
  std::string name = (folder / ".maskmill-part-XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) throw cannot_write(folder_);
  ::unlink(name.c_str());
  file_.reset(::fdopen(descriptor, "w+b"));
  if (!file_) {
    const Error error = cannot_write(folder_);
    ::close(descriptor);
    throw error;
  }
}

void LineStore::append(std::string_view line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
  if (!written || std::fputc('\n', file_.get()) == EOF) throw cannot_write(folder_);
}

void LineStore::for_each(const std::function<void(std::string_view)>& visit) {
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) throw cannot_write(folder_);
  struct Line {
    char* bytes = nullptr;
    std::size_t capacity = 0;
    ~Line() { std::free(bytes); }
  } line;
  for (ssize_t length; (length = ::getline(&line.bytes, &line.capacity, file_.get())) > 0;)
    visit(std::string_view(line.bytes, static_cast<std::size_t>(length) - 1));
  if (std::ferror(file_.get())) throw cannot_write(folder_);
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

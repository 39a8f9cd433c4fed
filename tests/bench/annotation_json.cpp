// SPDX-License-Identifier: Apache-2.0
// annotation_json bytes|parse|index|items FORMAT FILE: reads the file's bytes, parses them with simdjson and
// nothing else, opens the file as a source, or opens it and reads every item. Prints the seconds, what was
// counted (bytes, bytes, items, annotations) and the most memory in KB.
#include <simdjson.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "base/parallel.h"
#include "base/shared_file.h"
#include "formats/registry.h"

using namespace maskmill;

namespace {

std::size_t read_bytes(const Path& path) {
  const SharedFile file(path);
  std::string window(std::size_t{1} << 20, '\0');
  std::size_t all = 0;
  while (const std::size_t got = file.read_some(all, window.data(), window.size())) all += got;
  return all;
}

std::size_t parse_bytes(const Path& path) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text = simdjson::padded_string::load(path.string());
  simdjson::dom::element document;
  if (const auto error = parser.parse(text).get(document))
    throw Error(Code::bad_format, simdjson::error_message(error)).at_file(path);
  return text.size();
}

std::size_t read_items(Source& source) {
  std::size_t annotations = 0;
  Findings findings;
  for_each_item(
      source, findings, [&](Item&& item) { annotations += item.annotations.size(); }, Look::annotations);
  return annotations;
}

std::size_t counted(const std::string& mode, const std::string& format, const Path& path) {
  if (mode == "bytes") return read_bytes(path);
  if (mode == "parse") return parse_bytes(path);
  const auto source = formats::find(format).open({path, {}});
  return mode == "items" ? read_items(*source) : source->size();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fputs("Usage: annotation_json bytes|parse|index|items FORMAT FILE\n", stderr);
    return 2;
  }
  const Jobs jobs(1);
  const auto start = std::chrono::steady_clock::now();
  const std::size_t count = counted(argv[1], argv[2], argv[3]);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%.4f %zu %ld\n", spent.count(), count, usage.ru_maxrss);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "annotation_json: %s\n", error.what());
  return 1;
}

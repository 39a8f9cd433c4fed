// SPDX-License-Identifier: Apache-2.0
// bare_parse KIND PATH: the least work that reading annotations can be; prints the seconds.
//   bytes  reads the file, or every file below the folder
//   json   the same, and simdjson parses each
//   xml    the same, and expat does, with no handler
//   lines  the same, and finds the line ends
#include <expat.h>
#include <simdjson.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/path.h"

using namespace maskmill;

namespace {

void read_bytes(const std::string&) {}

void parse_json(const std::string& bytes) {
  static simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(bytes).get(document)) throw std::runtime_error("is no JSON");
}

void parse_xml(const std::string& bytes) {
  const XML_Parser parser = ::XML_ParserCreate(nullptr);
  constexpr std::size_t piece = 1 << 20;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::size_t count = std::min(piece, bytes.size() - at);
    if (::XML_Parse(parser, bytes.data() + at, static_cast<int>(count), at + count == bytes.size()) !=
        XML_STATUS_OK)
      throw std::runtime_error("is no XML");
  }
  ::XML_ParserFree(parser);
}

std::size_t line_ends = 0;

void find_lines(const std::string& bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at))))) {
    ++line_ends;
    if (++at == end) break;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const std::string kind = argv[1];
  const Path path = argv[2];
  const auto parse = kind == "json"    ? parse_json
                     : kind == "xml"   ? parse_xml
                     : kind == "lines" ? find_lines
                                       : read_bytes;
  const auto start = std::chrono::steady_clock::now();
  if (fs::is_directory(path)) {
    for (const Path& file : list_files(path)) parse(read_file(file));
  } else {
    parse(read_file(path));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.4f\n", seconds.count());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "bare_parse: %s\n", error.what());
  return 1;
}

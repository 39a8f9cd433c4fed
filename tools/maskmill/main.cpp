// SPDX-License-Identifier: Apache-2.0
// `maskmill VERB ...` runs the program maskmill-VERB beside this one, or on PATH, so that each tool also
// stands alone.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "verbs.h"

namespace {

std::string help_text() {
  std::string text =
      "Prepares segmentation data, checks it, trains on it and predicts.\n\n"
      "Usage: maskmill VERB [operands] [options]\n\nVerbs:\n";
  for (const VerbRow& verb : kVerbs) text += fmt::format("  {:<10} {}\n", verb.name, verb.summary);
  return text + "\nmaskmill VERB --help says what a verb takes. maskmill --version prints the version.\n";
}

maskmill::Path own_folder() {
  boost::system::error_code failure;
  const maskmill::Path self = maskmill::fs::read_symlink("/proc/self/exe", failure);
  return failure ? maskmill::Path() : self.parent_path();
}

int unknown_verb(const std::string& verb) {
  std::vector<std::string> names;
  for (const VerbRow& row : kVerbs) names.emplace_back(row.name);
  std::fprintf(stderr, "maskmill: there is no verb %s\n", maskmill::in_quotes(verb).c_str());
  if (const auto near = maskmill::nearest_name(verb, names))
    std::fprintf(stderr, "did you mean %s?\n", near->c_str());
  std::fputs("see: maskmill --help\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "--help";
  if (verb == "--help" || verb == "-h" || verb == "help") {
    std::fputs(help_text().c_str(), argc > 1 ? stdout : stderr);
    return argc > 1 ? 0 : 2;
  }
  if (verb == "--version") {
    std::puts("maskmill " MASKMILL_VERSION);
    return 0;
  }
  if (verb.empty() || verb.front() == '-' || verb.find('/') != std::string::npos) return unknown_verb(verb);
  const std::string program = "maskmill-" + verb;
  argv[1] = argv[0];
  const maskmill::Path beside = own_folder() / program;
  ::execv(beside.c_str(), argv + 1);
  if (errno == ENOENT) ::execvp(program.c_str(), argv + 1);
  if (errno == ENOENT) return unknown_verb(verb);
  std::fprintf(stderr, "maskmill: %s cannot be run: %s\n", program.c_str(), std::strerror(errno));
  return 3;
}

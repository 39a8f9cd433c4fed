// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"

namespace maskmill {

/// What a program takes besides options.
struct Operand {
  enum class Count { one, optional, one_or_more, any };
  std::string name;  ///< "SRC"
  std::string help;
  Count count = Count::one;
};

struct Example {
  std::string command;
  std::string meaning;
};

/// All that --help, the reference page and the parser need to know of one program.
struct Verb {
  std::string name;
  std::string summary;      ///< one line, no full stop
  std::string description;  ///< a paragraph or more
  std::vector<Operand> operands;
  std::vector<Example> examples;
  /// Keys of settings that operands give as key=value: pointed out where one is typed as an option.
  std::vector<std::string> setting_keys = {};
};

/// What every verb takes.
struct CommonOptions {
  int jobs = 0;
  bool json = false;
  bool quiet = false;
  static void visit(auto& self, auto&& setting) {
    setting("jobs", self.jobs, "threads; 0 uses every core", at_least(0), short_flag('j'));
    setting("json", self.json, "one JSON document on standard output; none where the exit code is above 1");
    setting("quiet", self.quiet, "no progress and no notices", short_flag('q'));
  }
};

/// The parsed command line.
class CommandLine {
 public:
  /// The operand's value; for Count::optional, empty if it was left out.
  const std::string& operand(std::string_view name) const;
  const std::vector<std::string>& operands(std::string_view name) const;
  bool json() const { return json_; }
  /// The command as it was typed, quoted for a shell: goes into provenance.
  const std::string& text() const { return text_; }

  /// Prints `text`, or `document` after --json.
  void print(std::string_view text, const Json& document) const;

 private:
  friend int run_program(int, char**, const Verb&, const std::vector<Setting>&, const CommonOptions&,
                         const std::function<int(const CommandLine&)>&);
  std::map<std::string, std::vector<std::string>, std::less<>> operands_;
  bool json_ = false;
  std::string text_;
};

/// Parses, then calls `body`, and turns what it throws into a message on standard error and an exit code.
/// Never throws.
int run_program(int argc, char** argv, const Verb& verb, const std::vector<Setting>& settings,
                const CommonOptions& common, const std::function<int(const CommandLine&)>& body);

/// `Options` holds a CommonOptions named `common`. `body(line, options)` returns the exit code.
template <class Options>
int run_tool(int argc, char** argv, const Verb& verb,
             const std::function<int(const CommandLine&, const Options&)>& body) {
  Options options;
  return run_program(argc, argv, verb, settings_of(options), options.common,
                     [&](const CommandLine& line) { return body(line, options); });
}

/// The verb's page of the reference, in Markdown: what `--help-markdown` prints.
std::string reference_page(const Verb& verb, std::span<const Setting> settings);

}  // namespace maskmill

// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <cstdio>

#include "data_options.h"
#include "findings_page.h"
#include "prepare/advice/closest_layout.h"
#include "prepare/check/check.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  int examples = 5;
  std::optional<std::string> report;
  bool force = false;
  static void visit(auto& self, auto&& setting) {
    InputOptions::visit(self.input, setting);
    setting("examples", self.examples, "places shown per rule; --json always has all", at_least(0));
    setting("report", self.report, "also write this HTML page, with pictures", unset("none"));
    setting("force", self.force, "replace an older page");
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    MASKMILL_VERB,
    MASKMILL_SUMMARY,
    "Reads every file to its end and holds it against every rule. Exit code 1 where there is a "
    "finding of severity\n"
    "error, so that a makefile stops before training. Where no format fits a folder, what it comes "
    "closest to\n"
    "is said, with the commands that make it fit.",
    {{"SRC", kSourceHelp}},
    {{"maskmill check data/pets", "every finding by rule, with what to do"},
     {"maskmill check data/pets --report pets.html", "a page to look at and hand on"},
     {"maskmill check data/pets --json", "all findings, for a script"}}};

/// As open_source. Where no format fits a folder, the error says what it comes closest to and what to do.
formats::Opened open_or_advise(const std::string& path, const InputOptions& input) try {
  return open_source(path, input);
} catch (const Error& error) {
  if (input.from || !input.read.empty() || error.code() != Code::bad_format || !fs::is_directory(path) ||
      formats::any_fits(formats::detect(path)))
    throw;
  const ClosestLayout closest = closest_layout(path);
  throw Error(Code::bad_format, error.message() + "\n" + closest.text)
      .at_file(path)
      .hint(closest.commands.empty()
                ? "maskmill formats NAME says how a format lies on disk; --from NAME takes it for that"
                : "what to do:\n" + closest.commands);
}

int run(const CommandLine& line, const Options& options) {
  const formats::Opened opened = open_or_advise(line.operand("SRC"), options.input);
  if (options.report) require_writable(*options.report, overwrite(options.force));  // before hours of reading
  const CheckReport report = check(*opened.source);
  if (options.report)
    write_findings_report(findings_page(report, line.operand("SRC"), *opened.format, options.examples),
                          *options.report, overwrite(options.force));
  if (line.json())
    write_json(report, {{"format", opened.format->name}},
               [](std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); });
  else
    line.print(to_text(report, static_cast<std::size_t>(options.examples)), {});
  return report.findings.count(Severity::error) > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}

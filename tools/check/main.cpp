// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>
#include <cstdio>

#include "data_options.h"
#include "findings_page.h"
#include "prepare/advice/closest_layout.h"
#include "prepare/check/check.h"
#include "prepare/check/fix.h"

using namespace maskmill;
using namespace maskmill::tools;

namespace {

struct Options {
  CommonOptions common;
  InputOptions input;
  int examples = 5;
  std::optional<std::string> report;
  std::optional<std::string> fix, to;
  Media media = Media::copy;
  bool force = false;
  static void visit(auto& self, auto&& setting) {
    InputOptions::visit(self.input, setting);
    setting("examples", self.examples, "places shown per rule; --json always has all", at_least(0));
    setting("report", self.report, "also write this HTML page, with pictures", unset("none"));
    setting(
        "fix", self.fix,
        "also write a copy to this folder in which what can safely be repaired is repaired, and check that",
        unset("none"));
    setting("to", self.to, "format of the copy", unset("the data set's own"));
    setting("media", self.media,
            "where the images of the copy lie: copied into it, hard-linked, or left out");
    setting("force", self.force, "replace an older page, or an older copy");
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
    "is said, with the commands that make it fit. With --fix the exit code is that of the copy.",
    {{"SRC", kSourceHelp}},
    {{"maskmill check data/pets", "every finding by rule, with what to do"},
     {"maskmill check data/pets --report pets.html", "a page to look at and hand on"},
     {"maskmill check data/pets --json", "all findings, for a script"},
     {"maskmill check data/pets --fix work/pets",
      "a copy with what can safely be repaired, and what was done"}}};

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

/// Throws before hours of reading what writing would throw after them.
void require_outputs(const Options& options, const Format& source) {
  if (options.report) require_writable(*options.report, overwrite(options.force));
  if (!options.fix) return;
  const Format& target = options.to ? formats::find(*options.to) : source;
  if (!target.create)
    throw Error(Code::usage, "the format " + std::string(target.name) + " is read, not written")
        .hint("name one for the copy: --to FORMAT");
  const OutputFolder attempt(*options.fix, overwrite(options.force));
}

FixReport fixed(const CommandLine& line, const Options& options, const formats::Opened& opened,
                const CheckReport& report) {
  const Format& target = options.to ? formats::find(*options.to) : *opened.format;
  return fix(*opened.source, report, target,
             {*options.fix, overwrite(options.force), options.media, opened.source->metadata(), {}},
             provenance(line, line.operand("SRC"), *opened.format));
}

int run(const CommandLine& line, const Options& options) {
  const formats::Opened opened = open_or_advise(line.operand("SRC"), options.input);
  require_outputs(options, *opened.format);
  const CheckReport report = check(*opened.source);
  if (options.report)
    write_findings_report(findings_page(report, line.operand("SRC"), *opened.format, options.examples),
                          *options.report, overwrite(options.force));
  Json head{{"format", opened.format->name}};
  std::string text = to_text(report, static_cast<std::size_t>(options.examples));
  std::size_t errors = report.findings.count(Severity::error);
  if (options.fix) {
    const FixReport repaired = fixed(line, options, opened, report);
    head["fix"] = to_json(repaired);
    head["fix"]["output"] = *options.fix;
    text += "\n" + to_text(repaired, *options.fix);
    errors = repaired.remaining.findings.count(Severity::error);
  }
  if (line.json())
    write_json(report, head,
               [](std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), stdout); });
  else
    line.print(text, {});
  return errors > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}

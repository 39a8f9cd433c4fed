// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/text.h"
#include "formats/registry.h"

// Options that several verbs take, declared once, and what they all do with them.
namespace maskmill::tools {

inline constexpr const char* kSourceHelp = "a data set: a folder or an annotation file";

struct InputOptions {
  std::string without_format = "detected";  ///< what is done where the format is not named
  std::optional<std::string> from;
  std::vector<std::string> read;
  static void visit(auto& self, auto&& setting) {
    setting("from", self.from, "the data set's format", unset(self.without_format));
    setting("read", self.read,
            "key=value of that format's reading settings (maskmill formats NAME lists them)");
  }
};

struct OutputOptions {
  std::string output;
  bool force = false;
  static void visit(auto& self, auto&& setting) {
    setting("output", self.output, "where to write", short_flag('o'), required("OUT"));
    setting("force", self.force, "replace a file, or a folder that a maskmill command wrote");
  }
};

struct WriteOptions {
  Media media = Media::copy;
  std::vector<std::string> write;
  static void visit(auto& self, auto&& setting) {
    setting("media", self.media,
            "where the images of the output lie: copied into it, hard-linked, referred to, or left out");
    setting("write", self.write,
            "key=value of the written format's settings (maskmill formats NAME lists them)");
  }
};

/// Which format was found out, and why.
inline void say_format(const std::string& path, const formats::Opened& opened) {
  if (!opened.probe.reasons.empty())
    notice(path + ": " + std::string(opened.format->title) + " (" + opened.probe.reasons.front() + ")");
}

inline formats::Opened open_source(const std::string& path, const InputOptions& options) {
  formats::Opened opened = formats::open(path, options.from.value_or(""), options.read);
  if (!options.from) say_format(path, opened);
  return opened;
}

/// The same for verbs that take several data sets, each with options of its own.
inline formats::Opened open_source(const std::string& path, const std::optional<std::string>& from,
                                   const std::vector<std::string>& read) {
  InputOptions options;
  options.from = from;
  options.read = read;
  return open_source(path, options);
}

/// The folder in which a data set lies, for what names its files from there.
inline Path root_of(const Path& source) {
  return fs::is_directory(source) ? source : source.parent_path();
}

inline Overwrite overwrite(bool force) {
  return force ? Overwrite::yes : Overwrite::no;
}

inline CreateRequest create_request(const OutputOptions& output, const WriteOptions& write,
                                    const Metadata& metadata) {
  return {output.output, overwrite(output.force), write.media, metadata, write.write};
}

inline Provenance provenance(const CommandLine& line, const std::string& path, const Format& format) {
  return {line.text(), {{path, std::string(format.name), 0, {}}}};
}

/// The items of one subset; of all where it is "all". Throws Error(usage) naming those that there are.
inline std::unique_ptr<Source> subset_of(std::unique_ptr<Source> source, const std::string& subset) {
  if (subset == "all") return source;
  const std::vector<std::string>& subsets = source->metadata().subsets;
  if (std::find(subsets.begin(), subsets.end(), subset) == subsets.end())
    throw Error(Code::usage, "the data set has no subset " + in_quotes(subset))
        .at_field("subset")
        .hint(subsets.empty() ? "it has none: --subset all scores every item"
                              : "it has: " + joined(subsets, ", "));
  return filtered(std::move(source), [subset](const Item& item) { return item.subset == subset; });
}

/// Throws what writing the file would throw, and leaves nothing behind.
inline void require_writable(const Path& file, Overwrite overwrite) {
  const OutputFile attempt(file, overwrite);
}

/// On standard error: what was found on the way, a line a rule with the first of its findings.
inline void summarise(const Findings& findings) {
  if (findings.empty()) return;
  notice("found on the way (maskmill check lists what is wrong with data):");
  for (const Finding& first : findings.examples()) {
    const std::size_t count = findings.by_rule().at(first.rule);
    const std::string place = first.place.text();
    notice(fmt::format("  {} {}{}{}{}", with_thousands(count), first.rule, count > 1 ? ", the first: " : ": ",
                       place.empty() ? "" : place + ": ", first.message));
  }
}

}  // namespace maskmill::tools

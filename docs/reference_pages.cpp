// SPDX-License-Identifier: Apache-2.0
// reference-pages [--check] ROOT: writes docs/reference and schemas from the declarations in lib and tools,
// or says which of them no longer say what the programs do.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "fetch/catalogue.h"
#include "formats/finding_kinds.h"
#include "formats/registry.h"
#include "learn/models.h"
#include "learn/settings.h"
#include "prepare/check/rule.h"

using namespace maskmill;

namespace {

using Pages = std::map<std::string, std::string>;  // path below the root -> text

std::string output_of(const std::string& command) {
  std::string text;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) throw Error(Code::unreadable, "cannot run " + command);
  char piece[4096];
  while (const std::size_t got = std::fread(piece, 1, sizeof piece, pipe.get())) text.append(piece, got);
  if (text.empty()) throw Error(Code::unreadable, "printed nothing: " + command);
  return text;
}

void add_verbs(Pages& pages) {
  for (const std::string& verb : split_text(MASKMILL_VERB_NAMES, ','))
    pages["docs/reference/verbs/" + verb + ".md"] =
        output_of("'" MASKMILL_BIN_DIR "/maskmill-" + verb + "' --help-markdown");
}

std::string settings_section(const char* title, std::vector<Setting> (*declare)()) {
  if (!declare) return "";
  const std::vector<Setting> settings = declare();
  return settings.empty() ? "" : fmt::format("\n## {}\n\n{}", title, markdown_table(settings));
}

void add_formats(Pages& pages) {
  std::string table =
      "# What each format holds\n\nWhat a format cannot hold is converted, or lost and said, before anything "
      "is written.\n\n| |";
  for (const Format* format : formats::all())
    table += fmt::format(" [{}]({}.md) |", format->name, format->name);
  table += "\n|---|" + [] {
    std::string dashes;
    for (std::size_t i = 0; i < formats::all().size(); ++i) dashes += "---|";
    return dashes;
  }() + "\n| written |";
  for (const Format* format : formats::all()) table += format->create ? " yes |" : " no |";
  table += "\n";
  for (std::size_t row = 0; row < listed(formats::all()[0]->holds).size(); ++row) {
    table += fmt::format("| {} |", listed(formats::all()[0]->holds)[row].first);
    for (const Format* format : formats::all()) table += listed(format->holds)[row].second ? " yes |" : " |";
    table += "\n";
  }
  pages["docs/reference/formats/README.md"] = table;
  for (const Format* format : formats::all())
    pages[fmt::format("docs/reference/formats/{}.md", format->name)] = fmt::format(
        "# {} (`{}`)\n\n{}{}{}", format->title, format->name, std::string(format->description) + "\n",
        settings_section("Reading: `--read key=value`", format->read_settings),
        settings_section("Writing: `--write key=value`", format->write_settings));
}

std::string finding_table(const char* title, std::span<const FindingKind> kinds) {
  std::string table = fmt::format("\n# {}\n\n| id | what it means |\n|---|---|\n", title);
  for (const FindingKind& kind : kinds) table += fmt::format("| {} | {} |\n", kind.id, kind.meaning);
  return table;
}

void add_rules(Pages& pages) {
  std::string page =
      "# What `maskmill check` looks for\n\n"
      "Readers report some of it too, where they leave an item out for it, and what they meet besides: the "
      "tables at the end list those ids.\n";
  for (const Rule* rule : rules())
    page += fmt::format("\n## {}\n\nSeverity {}: {}.\n\nHarm: {}\n\nWhat to do: {}\n", rule->id,
                        to_string(rule->severity), rule->title, rule->harm, rule->fix) +
            (rule->repair ? fmt::format("\nWith --fix: {}.\n", rule->repair_text) : "");
  pages["docs/reference/rules.md"] = page + finding_table("What readers report besides", reader_findings()) +
                                     finding_table("What writers report", writer_findings()) +
                                     finding_table("What evaluate reports", evaluation_findings()) +
                                     finding_table("What fetch openimages reports", fetch_findings());
}

/// Of a network as it is, or of its encoder.
bool fits_a_network(const fetch::WeightsEntry& weights) {
  if (learn::find_detector(weights.network)) return true;
  return std::ranges::any_of(learn::architectures(), [&](const learn::Architecture* architecture) {
    return architecture->name == weights.network || architecture->name.ends_with("_" + weights.network);
  });
}

void add_catalogue(Pages& pages) {
  std::string page =
      "# The catalogue\n\nWhat `maskmill fetch NAME` knows. Entries of one's own are JSON files of the form of "
      "[catalogue.schema.json](../../schemas/catalogue.schema.json) in `~/.config/maskmill/catalogue/`, or named "
      "by `--catalogue`; they come instead of those of the same name.\n\n## Data sets\n";
  for (const fetch::DataEntry& data : fetch::own_catalogue().data) {
    page += fmt::format("\n### `{}`\n\n[{}]({}): {}. Format `{}`. Licence: {}. {}.\n", data.name, data.title,
                        data.homepage, data.description, data.format, data.licence, data.citation);
    if (!data.account.empty()) page += "\n" + data.account + "\n";
    for (const fetch::CatalogueFile& file : data.files)
      page += fmt::format("\n- <{}>, {}", file.url,
                          file.checksums.empty() ? "checksum recorded on first use"
                                                 : "`" + file.checksums.front().text() + "`");
    if (!data.files.empty()) page += "\n";
  }
  page += "\n## Weights\n\nThe names are torchvision's.\n\n| name | of | |\n|---|---|---|\n";
  for (const fetch::WeightsEntry& weights : fetch::own_catalogue().weights)
    page += fmt::format("| `{}` | {} | [{}]({}) |\n", weights.name, weights.network, weights.description,
                        weights.file.url);
  pages["docs/reference/catalogue.md"] = page;
}

void add_learning(Pages& pages) {
  learn::TrainSettings settings;
  pages["docs/reference/train-settings.md"] =
      "# Settings of `maskmill train`\n\nIn a JSON file (`--config`) groups are objects; on the command line "
      "a setting is `key=value`.\n\n" +
      markdown_table(settings_of(settings));
  pages["schemas/train-settings.schema.json"] =
      to_text(schema_of(settings_of(settings), "maskmill train settings",
                        "What --config takes, and what a run's config.json holds."));
  std::string page = "# Networks\n";
  for (const learn::Architecture* architecture : learn::architectures())
    page += fmt::format(
        "\n## {} (`{}`)\n\n{}\n\n{} parameters with the default settings, 3 channels in and 1 class out.\n",
        architecture->title, architecture->name, architecture->description,
        with_thousands(static_cast<std::size_t>(learn::parameter_count(architecture->build(3, 1, {})))));
  for (const learn::DetectorArchitecture* architecture : learn::detectors())
    page += fmt::format(
        "\n## {} (`{}`)\n\n{}\n\n{} parameters with the default settings and 1 class beside the background.\n",
        architecture->title, architecture->name, architecture->description,
        with_thousands(static_cast<std::size_t>(learn::parameter_count(architecture->build(2, {})))));
  page +=
      "\n## Published weights\n\n`model.weights` takes these names, which are torchvision's, and downloads the "
      "file.\n\n| name | of | |\n|---|---|---|\n";
  for (const fetch::WeightsEntry& weights : fetch::own_catalogue().weights)
    if (fits_a_network(weights))
      page += fmt::format("| `{}` | {} | [{}]({}) |\n", weights.name, weights.network, weights.description,
                          weights.file.url);
  pages["docs/reference/networks.md"] = page;
}

int check(const Pages& pages, const Path& root) {
  int drifted = 0;
  for (const auto& [name, text] : pages) {
    const Path path = root / name;
    if (fs::exists(path) && read_file(path) == text) continue;
    std::fprintf(stderr, "%s does not say what the programs do\n", name.c_str());
    ++drifted;
  }
  if (drifted > 0) std::fputs("write them anew: cmake --build build/release --target reference\n", stderr);
  return drifted > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const bool checking = argc == 3 && std::string_view(argv[1]) == "--check";
  if (argc != 2 && !checking) {
    std::fputs("Usage: reference-pages [--check] ROOT\n", stderr);
    return 2;
  }
  Pages pages;
  add_verbs(pages);
  add_formats(pages);
  add_rules(pages);
  add_learning(pages);
  add_catalogue(pages);
  const Path root = argv[argc - 1];
  if (checking) return check(pages, root);
  for (const auto& [name, text] : pages) replace_file(root / name, text);
  return 0;
} catch (const Error& error) {
  std::fprintf(stderr, "reference-pages: %s\n", error.what());
  return exit_code(error.code());
}

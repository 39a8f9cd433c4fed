// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/command_line.h"
#include "formats/registry.h"

using namespace maskmill;

namespace {

struct Options {
  CommonOptions common;
  static void visit(auto& self, auto&& setting) { CommonOptions::visit(self.common, setting); }
};

const Verb kVerb{MASKMILL_VERB,
                 MASKMILL_SUMMARY,
                 "Without NAME, a line for each format of the registry. With NAME, its layout on disk, what "
                 "it can hold and\n"
                 "the settings that --read and --write take.",
                 {{"NAME", "a format", Operand::Count::optional}},
                 {{"maskmill formats coco", "everything about COCO"}}};

std::string access_of(const Format& format) {
  return format.create ? "read, write" : "read";
}

Json settings_json(const std::vector<Setting>& settings) {
  Json list = Json::array();
  for (const Setting& setting : settings)
    list.push_back({{"key", setting.key},
                    {"type", setting.type_name()},
                    {"default", setting.value_json()},
                    {"help", setting.help}});
  return list;
}

std::vector<Setting> declared(std::vector<Setting> (*declare)()) {
  return declare ? declare() : std::vector<Setting>();
}

Json to_json(const Format& format) {
  Json holds = Json::object();
  for (const auto& [what, held] : listed(format.holds)) holds[std::string(what)] = held;
  return {{"name", format.name},
          {"title", format.title},
          {"description", format.description},
          {"extensions", format.extensions},
          {"writes", format.create != nullptr},
          {"holds", holds},
          {"read_settings", settings_json(declared(format.read_settings))},
          {"write_settings", settings_json(declared(format.write_settings))}};
}

std::string page(const Format& format) {
  std::string text =
      fmt::format("{} ({}): {}\n\n{}\n", format.title, format.name, access_of(format), format.description);
  std::string yes, no;
  for (const auto& [what, held] : listed(format.holds)) {
    std::string& list = held ? yes : no;
    list += (list.empty() ? "" : ", ") + std::string(what);
  }
  text += fmt::format("\nholds: {}\ndoes not hold: {}\n", yes, no);
  if (const auto settings = declared(format.read_settings); !settings.empty())
    text += "\n--read takes:\n" + help_table(settings);
  if (const auto settings = declared(format.write_settings); !settings.empty())
    text += "\n--write takes:\n" + help_table(settings);
  return text;
}

int run(const CommandLine& line, const Options&) {
  if (const std::string& name = line.operand("NAME"); !name.empty()) {
    const Format& format = formats::find(name);
    line.print(page(format), to_json(format));
    return 0;
  }
  std::string text;
  Json list = Json::array();
  for (const Format* format : formats::all()) {
    text += fmt::format("{:<10} {:<12} {}\n", format->name, access_of(*format), format->title);
    list.push_back(to_json(*format));
  }
  line.print(text, {{"formats", list}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_tool<Options>(argc, argv, kVerb, run);
}

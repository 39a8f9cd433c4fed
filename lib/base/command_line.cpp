// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/filesystem.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"

namespace maskmill {
namespace {

std::string flag_names(const Setting& setting) {
  return (setting.short_letter ? std::string("-") + setting.short_letter + "," : "") + "--" + setting.key;
}

std::string operand_text(const Operand& operand) {
  switch (operand.count) {
    case Operand::Count::one:
      return operand.name;
    case Operand::Count::optional:
      return "[" + operand.name + "]";
    case Operand::Count::one_or_more:
      return operand.name + "...";
    case Operand::Count::any:
      return "[" + operand.name + "...]";
  }
  return operand.name;
}

// As it is typed: -o, or --to where there is no letter.
std::string shortest_flag(const Setting& setting) {
  return setting.short_letter ? std::string("-") + setting.short_letter : "--" + setting.key;
}

std::string usage_line(const Verb& verb, std::span<const Setting> settings) {
  std::string line = "maskmill " + verb.name;
  for (const Operand& operand : verb.operands) line += " " + operand_text(operand);
  for (const Setting& setting : settings)
    if (setting.is_required()) line += " " + shortest_flag(setting) + " " + setting.value_name;
  return line + " [options]";
}

// Lines that the terminal shows indented are a block of code in Markdown.
std::string as_markdown(const std::string& description) {
  std::string text;
  bool in_block = false;
  for (const std::string& line : split_text(description, '\n')) {
    const bool indented = line.starts_with("  ");
    if (indented && !in_block && !text.empty()) text += "\n";
    in_block = indented;
    text += (indented ? "  " : "") + line + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

void require_given(std::span<const Setting> settings) {
  for (const Setting& setting : settings)
    if (setting.is_required() && setting.value_text().empty())
      throw Error(Code::usage, shortest_flag(setting) + " is missing: " + setting.help);
}

std::string default_note(const Setting& setting) {
  const std::string value = setting.value_text();
  if (setting.is_flag()) return "";
  if (!value.empty()) return fmt::format(" [{}]", value);
  if (setting.is_required()) return " [required]";
  return setting.unset_meaning.empty() ? "" : fmt::format(" [{}]", setting.unset_meaning);
}

std::string option_heading(const Setting& setting) {
  return flag_names(setting) + (setting.is_flag() ? "" : " " + setting.type_name());
}

std::string help_text(const Verb& verb, std::span<const Setting> settings) {
  std::string text =
      fmt::format("{}\n\nUsage: {}\n\n{}\n", verb.summary, usage_line(verb, settings), verb.description);
  const auto row = [&](const std::string& left, const std::string& right) {
    text += left.size() > 30 ? fmt::format("  {}\n{:34}{}\n", left, "", right)
                             : fmt::format("  {:<30}  {}\n", left, right);
  };
  if (!verb.operands.empty()) text += "\nOperands:\n";
  for (const Operand& operand : verb.operands) row(operand_text(operand), operand.help);
  text += "\nOptions:\n";
  for (const Setting& setting : settings) row(option_heading(setting), setting.help + default_note(setting));
  row("-h,--help", "this text");
  if (!verb.examples.empty()) text += "\nExamples:\n";
  for (const Example& example : verb.examples)
    text += fmt::format("  {}\n      {}\n", example.command, example.meaning);
  return text;
}

// CLI11 takes `-o=x` for the value "=x"; nobody means that.
void refuse_short_equals(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return;
    if (word.size() > 2 && word[0] == '-' && word[1] != '-' && word[2] == '=')
      throw Error(Code::usage, "write " + std::string(word.substr(0, 2)) + " " + std::string(word.substr(3)) +
                                   ", without the equals sign");
  }
}

void add_option(CLI::App& app, const Setting& setting) {
  if (setting.is_flag()) {
    app.add_flag_callback(
        flag_names(setting), [&setting] { setting.assign_text("true"); }, setting.help);
    return;
  }
  if (setting.is_list()) {
    // A list may be given at once, with commas, or by repeating the option.
    app.add_option_function<std::vector<std::string>>(
           flag_names(setting),
           [&setting](const std::vector<std::string>& texts) { setting.assign_text(joined(texts, ",")); },
           setting.help)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return;
  }
  app.add_option_function<std::string>(
      flag_names(setting), [&setting](const std::string& text) { setting.assign_text(text); }, setting.help);
}

// Gives each operand its words in order; one that takes any number leaves enough for those after it.
std::map<std::string, std::vector<std::string>, std::less<>> distributed(
    const std::vector<std::string>& words, const std::vector<Operand>& operands) {
  using Count = Operand::Count;
  const auto least = [](const Operand& operand) {
    return operand.count == Count::one || operand.count == Count::one_or_more ? std::size_t{1}
                                                                              : std::size_t{0};
  };
  std::size_t reserved = 0;
  for (const Operand& operand : operands) {
    reserved += least(operand);
    if (reserved > words.size()) throw Error(Code::usage, operand.name + " is missing: " + operand.help);
  }
  std::map<std::string, std::vector<std::string>, std::less<>> out;
  std::size_t next = 0;
  for (const Operand& operand : operands) {
    reserved -= least(operand);
    const std::size_t left = words.size() - next;
    const std::size_t free = left > reserved ? left - reserved : 0;
    const bool many = operand.count == Count::one_or_more || operand.count == Count::any;
    const std::size_t taken = many ? free : std::min<std::size_t>(free, 1);
    out[operand.name].assign(words.begin() + static_cast<std::ptrdiff_t>(next),
                             words.begin() + static_cast<std::ptrdiff_t>(next + taken));
    next += taken;
  }
  if (next < words.size()) throw Error(Code::usage, in_quotes(words[next]) + " is one operand too many");
  return out;
}

// "3" of --epochs=3 or of --epochs 3.
std::string value_after(std::string_view name, int index, int argc, char** argv) {
  const std::string_view word = argv[index];
  if (word.size() > name.size()) return std::string(word.substr(name.size() + 1));
  const std::string_view next = index + 1 < argc ? argv[index + 1] : "";
  return next.empty() || next.front() == '-' ? "VALUE" : std::string(next);
}

// What CLI11 says, but for what people mistype most: an option that is none, and one without its value.
Error usage_error(const CLI::ParseError& error, int argc, char** argv, const Verb& verb,
                  std::span<const Setting> settings) {
  std::vector<std::string> known{"--help", "--help-markdown"};
  for (const Setting& setting : settings) known.push_back("--" + setting.key);
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    if (!word.starts_with("--") || std::ranges::find(known, word) != known.end()) continue;
    Error unknown(Code::usage, "there is no option " + word);
    const std::string key = word.substr(2);
    if (std::ranges::find(verb.setting_keys, key) != verb.setting_keys.end())
      return unknown.hint("it is a setting: write " + key + "=" +
                          shell_quoted(value_after(word, i, argc, argv)));
    if (const auto near = nearest_name(word, known)) unknown.hint("did you mean " + *near + "?");
    return unknown;
  }
  const std::string text = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    for (const Setting& setting : settings)
      if (text.starts_with("--" + setting.key + ":"))
        return Error(Code::usage, "--" + setting.key + " needs a value: " + setting.help);
  return Error(Code::usage, text);
}

void print_error(const Verb& verb, const Error& error) {
  std::fprintf(stderr, "maskmill %s: %s\n", verb.name.c_str(), error.what());
  if (error.code() == Code::usage) std::fprintf(stderr, "see: maskmill %s --help\n", verb.name.c_str());
}

// Standard output that cannot be written (a full disk behind a redirect) is a failed output too.
int with_flushed_output(int status) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
  std::fputs("maskmill: standard output cannot be written\n", stderr);
  return exit_code(Code::write_failed);
}

}  // namespace

const std::vector<std::string>& CommandLine::operands(std::string_view name) const {
  const auto found = operands_.find(name);
  if (found == operands_.end()) throw Error(Code::bug, "no operand is declared as " + std::string(name));
  return found->second;
}

const std::string& CommandLine::operand(std::string_view name) const {
  static const std::string none;
  const std::vector<std::string>& values = operands(name);
  return values.empty() ? none : values.front();
}

void CommandLine::print(std::string_view text, const Json& document) const {
  const std::string out = json_ ? to_text(document) : std::string(text);
  std::fwrite(out.data(), 1, out.size(), stdout);
}

int run_program(int argc, char** argv, const Verb& verb, const std::vector<Setting>& settings,
                const CommonOptions& common, const std::function<int(const CommandLine&)>& body) {
  CommandLine line;
  CLI::App app(verb.summary, "maskmill " + verb.name);
  app.set_help_flag();
  bool help = false, help_markdown = false;
  try {
    refuse_short_equals(argc, argv);
    app.add_flag("-h,--help", help);
    app.add_flag("--help-markdown", help_markdown);
    std::vector<std::string> words;
    app.add_option("operands", words)->expected(0, CLI::detail::expected_max_vector_size);
    for (const Setting& setting : settings) add_option(app, setting);
    const std::string help_page = help_text(verb, settings);           // before parsing changes the defaults
    const std::string markdown_page = reference_page(verb, settings);  // likewise
    app.parse(argc, argv);
    if (help || help_markdown) {
      std::fputs(help ? help_page.c_str() : markdown_page.c_str(), stdout);
      return with_flushed_output(0);
    }
    line.operands_ = distributed(words, verb.operands);
    require_given(settings);
  } catch (const CLI::ParseError& error) {
    print_error(verb, usage_error(error, argc, argv, verb, settings));
    return exit_code(Code::usage);
  } catch (const Error& error) {
    print_error(verb, error.code() == Code::bug ? error : Error(Code::usage, error.what()));
    return exit_code(error.code() == Code::bug ? Code::bug : Code::usage);
  }
  try {
    line.json_ = common.json;
    line.text_ = "maskmill " + verb.name;
    for (int i = 1; i < argc; ++i) line.text_ += " " + shell_quoted(argv[i]);
    set_quiet(common.quiet);
    catch_interrupts();
    const Jobs jobs(common.jobs);
    return with_flushed_output(body(line));
  } catch (const Error& error) {
    print_error(verb, error);
    return exit_code(error.code());
  } catch (const fs::filesystem_error& error) {  // no permission, a circle of links, too long a name
    print_error(verb, Error(Code::unreadable, error.code().message()).at_file(error.path1()));
    return exit_code(Code::unreadable);
  } catch (const std::bad_alloc&) {
    print_error(verb, Error(Code::unreadable, "out of memory").hint("try fewer --jobs"));
    return exit_code(Code::unreadable);
  } catch (const std::exception& error) {
    print_error(verb, Error(Code::bug, std::string("a bug of maskmill's: ") + error.what())
                          .hint("please report it, with the command and, if you can, the data"));
    return exit_code(Code::bug);
  }
}

std::string reference_page(const Verb& verb, std::span<const Setting> settings) {
  std::string page = fmt::format("# maskmill {}\n\n{}.\n\n    {}\n\n{}\n", verb.name, verb.summary,
                                 usage_line(verb, settings), as_markdown(verb.description));
  if (!verb.operands.empty()) page += "\n| operand | meaning |\n|---|---|\n";
  for (const Operand& operand : verb.operands)
    page += fmt::format("| `{}` | {} |\n", operand_text(operand), operand.help);
  page += "\n| option | type | default | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : settings) {
    std::string type = setting.is_flag() ? "flag" : setting.type_name();
    for (std::size_t at = 0; (at = type.find('|', at)) != std::string::npos; at += 2) type.insert(at, "\\");
    const std::string value = setting.is_flag() ? "" : setting.value_text();
    page += fmt::format("| `{}` | {} | {} | {} |\n", flag_names(setting), type,
                        setting.is_required() ? "required"
                        : value.empty()       ? setting.unset_meaning
                                              : value,
                        setting.help);
  }
  if (!verb.examples.empty()) page += "\n## Examples\n";
  for (const Example& example : verb.examples)
    page += fmt::format("\n{}:\n\n    {}\n", example.meaning, example.command);
  return page;
}

}  // namespace maskmill

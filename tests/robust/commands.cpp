// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>

#include "formats/registry.h"
#include "support/drawn.h"
#include "support/folder_server.h"
#include "support/made_archive.h"

namespace maskmill::tests {
namespace {

constexpr int kItems = 24;

// Of subsets as every format has them.
void make_data_set(const Path& folder, const std::string& labels, const std::vector<int>& values,
                   std::uint64_t seed) {
  const Scratch made;
  for (int i = 0; i < kItems; ++i) {
    const char* subset = i % 4 == 0 ? "val" : i % 4 == 1 ? "test" : "train";
    street_item(made, std::string(subset) + "/item_" + std::to_string(i), {48, 32}, values,
                seed + static_cast<std::uint64_t>(i));
  }
  made.write("labels.json", labels);
  fs::create_directories(folder);
  restore(contents_of(made.path()), folder);
}

// One label besides the background: what most formats can hold.
std::shared_ptr<const Inputs> roads() {
  static const auto made = std::make_shared<const Inputs>(
      R"({"coding": "index", "subsets": ["train", "val", "test"], "labels": [
          {"name": "background", "id": 0, "role": "background"}, {"name": "road", "id": 1}]})",
      std::vector<int>{0, 1});
  return made;
}

// For formats that hold labels of their own.
std::shared_ptr<const Inputs> inputs_for(std::string_view format) {
  if (format != "trimaps") return roads();
  return std::make_shared<const Inputs>(
      R"({"coding": "index", "subsets": ["train", "val", "test"], "labels": [{"name": "pet", "id": 1},
          {"name": "background", "id": 2, "role": "background"}, {"name": "border", "id": 3, "role": "ignore"}]})",
      std::vector<int>{1, 2, 3});
}

std::vector<WritingCommand> learning_commands() {
#ifdef MASKMILL_TORCH
  return {{"export", {"export", "WEIGHTS", "-o", "OUT"}, "model.safetensors", roads()},
          {"predict",
           {"predict", "RUN", "IN", "--from", "pairs", "--overlay", "--probabilities", "-o", "OUT"},
           "out",
           roads()},
          {"test", {"test", "RUN", "IN", "--report", "OUT"}, "page.html", roads(), true}};
#else
  return {};
#endif
}

// Of an archive of that data set.
std::string url_of(const Path& data) {
  static const Scratch scratch;
  static const std::unique_ptr<const FolderServer> server = [] {
    ::setenv("MASKMILL_CACHE", (scratch / "cache").c_str(), 1);
    fs::create_directories(scratch / "served");
    return std::make_unique<const FolderServer>(scratch / "served");
  }();
  static std::map<Path, std::string> names;
  const auto [found, is_new] = names.try_emplace(data, std::to_string(names.size()) + ".tar.gz");
  if (is_new) write_archive(scratch / "served" / found->second, entries_of(data));
  return server->url("/" + found->second);
}

std::vector<WritingCommand> all_commands() {
  std::vector<WritingCommand> all{
      {"convert to one file",
       {"convert", "IN", "-o", "OUT", "--to", "coco", "--media", "none"},
       "out.json",
       roads()},
      {"split", {"split", "IN", "-o", "OUT", "--ratio", "a=0.7,b=0.2,c=0.1"}, "out", roads()},
      {"split into folds", {"split", "IN", "-o", "OUT", "--folds", "2"}, "out", roads()},
      {"merge", {"merge", "IN", "OTHER", "-o", "OUT", "--to", "coco", "--same-id", "rename"}, "out", roads()},
      {"transform into tiles",
       {"transform", "IN", "-o", "OUT", "--to", "pairs", "--tile", "20x20"},
       "out",
       roads()},
      {"evaluate --report", {"evaluate", "IN", "OTHER", "--report", "OUT"}, "page.html", roads()},
      {"check --report", {"check", "IN", "--report", "OUT"}, "page.html", roads()},
      {"fetch", {"fetch", "URL", "-o", "OUT"}, "out", roads()},
      {"show as a page", {"show", "IN", "-o", "OUT"}, "page.html", roads()},
      {"show as sheets", {"show", "IN", "-o", "OUT", "--columns", "3", "--rows", "2"}, "sheet.png", roads()},
  };
  for (const Format* format : formats::all())
    if (format->create) {
      const std::string name(format->name);
      std::vector<std::string> words{"convert", "IN", "-o", "OUT", "--to", name};
      if (name == "coco_results")
        words.insert(words.end(), {"--write", "score=1"});  // which masks do not have
      all.push_back({"convert to " + name, std::move(words), "out", inputs_for(name)});
    }
  std::ranges::move(learning_commands(), std::back_inserter(all));
  return all;
}

}  // namespace

const std::vector<WritingCommand>& writing_commands() {
  static const std::vector<WritingCommand> all = all_commands();
  return all;
}

const WritingCommand& training() {
  static const WritingCommand command{"train",
                                      {"train", "IN", "-o", "OUT", "model.init-features=2", "input.width=16",
                                       "input.height=16", "epochs=4", "threads=1", "--jobs", "1"},
                                      "out",
                                      roads()};
  return command;
}

const Path& trained_run() {
  static const Scratch scratch;
  static const Path run = [&] {
    const Ran ran = run_program_at(words_of(training(), training().inputs->other, scratch.path()));
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    return scratch / training().target;
  }();
  return run;
}

Inputs::Inputs(const std::string& labels, const std::vector<int>& values) {
  make_data_set(one, labels, values, 1);
  make_data_set(other, labels, values, 1000);
}

std::vector<std::string> words_of(const WritingCommand& command, const Path& in, const Path& folder,
                                  bool force) {
  std::vector<std::string> words = command.words;
  std::ranges::replace(words, "IN", in.string());
  std::ranges::replace(words, "OTHER", command.inputs->other.string());
  std::ranges::replace(words, "OUT", (folder / command.target).string());
  if (std::ranges::find(words, "URL") != words.end()) std::ranges::replace(words, "URL", url_of(in));
  if (std::ranges::find(words, "WEIGHTS") != words.end()) {
    const char* file = in == command.inputs->one ? "checkpoint.pt" : "model.pth";
    std::ranges::replace(words, "WEIGHTS", (trained_run() / file).string());
  }
  if (std::ranges::find(words, "RUN") != words.end())
    std::ranges::replace(words, "RUN", trained_run().string());
  words.emplace_back("--quiet");
  if (force && !command.replaces) words.emplace_back("--force");
  return maskmill_words(words);
}

Contents contents_of(const Path& folder) {
  Contents contents;
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry) {
    const std::string name = relative_name(entry->path(), folder);
    if (name.starts_with('.'))
      entry.disable_recursion_pending();
    else if (!fs::is_directory(entry->path()))
      contents[name] = read_file(entry->path());
    else if (fs::is_empty(entry->path()))
      contents[name + "/"] = "";
  }
  return contents;
}

std::vector<std::string> hidden_in(const Path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (const std::string name = entry.path().filename().string(); name.starts_with('.'))
      names.push_back(name);
  return names;
}

void restore(const Contents& contents, const Path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
  for (const auto& [name, bytes] : contents) {
    fs::create_directories(name.ends_with('/') ? folder / name : (folder / name).parent_path());
    if (!name.ends_with('/')) rewrite(folder / name, bytes);
  }
}

Contents undisturbed(const WritingCommand& command, const Path& in, const Path& folder, bool force) {
  if (force) undisturbed(command, command.inputs->other, folder);
  const Ran ran = run_program_at(words_of(command, in, folder, force));
  INFO(command.name << ": " << ran.err);
  REQUIRE(ran.status <= 1);
  return contents_of(folder);
}

}  // namespace maskmill::tests

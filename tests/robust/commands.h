// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/program.h"

// The commands that write, and what they are held against: whatever happens, what was there or the whole of
// what they write.
namespace maskmill::tests {

/// Two data sets of the same names and labels and other pixels, in subsets train, val and test.
struct Inputs {
  Scratch scratch;
  Path one = scratch / "one", other = scratch / "other";
  /// `labels`: the text of labels.json; `values`: those of the masks.
  Inputs(const std::string& labels, const std::vector<int>& values);
};

/// One that writes. A new verb is a line in the list.
struct WritingCommand {
  std::string name;
  std::vector<std::string> words;  ///< IN and OTHER stand for data sets, URL for an archive of IN, RUN and WEIGHTS for what was trained, OUT for the target
  std::string target = "out";      ///< what OUT is called; a folder, or a file where it has an extension
  std::shared_ptr<const Inputs> inputs;
  bool replaces = false;  ///< what is there already, without --force
};

/// Every command, with every format that is written.
const std::vector<WritingCommand>& writing_commands();

/// That trains on the data set IN for a second or less, into OUT. It is not among writing_commands(): a run
/// grows with the epochs.
const WritingCommand& training();
/// A run directory of that command.
const Path& trained_run();

/// The command's words from `maskmill` on, reading `in` and writing into `folder`.
std::vector<std::string> words_of(const WritingCommand& command, const Path& in, const Path& folder,
                                  bool force = false);

/// Every file below a folder: relative name and bytes. A folder without files is named with a "/" at its end.
using Contents = std::map<std::string, std::string>;
/// Without what begins with "." directly in `folder`.
Contents contents_of(const Path& folder);
/// The names of what begins with "." directly in `folder`.
std::vector<std::string> hidden_in(const Path& folder);
/// Makes these the contents of a folder.
void restore(const Contents& contents, const Path& folder);

/// Runs it into an empty folder, or, with `force`, into one that holds what it makes of the other data set.
/// Requires that it succeeds and returns what it wrote.
Contents undisturbed(const WritingCommand& command, const Path& in, const Path& folder, bool force = false);

}  // namespace maskmill::tests

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void run(const Item&, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (const FileFacts* file : facts.files()) {
    if (file->kind == FileKind::unknown) continue;
    const FileKind promised = kind_of_extension(lower_extension(file->path));
    if (promised == FileKind::unknown || promised == file->kind) continue;
    report({file->path.string(), {}, {}},
           fmt::format("the name says {}, the content is {}", to_string(promised), to_string(file->kind)),
           "rename it, or save it again as what its name says");
  }
}

}  // namespace

extern const Rule wrong_extension;
const Rule wrong_extension{.id = "wrong-extension",
                           .severity = Severity::warning,
                           .title = "a file that is not what its name says",
                           .harm = "Tools that go by the name fail on it, or read it with the wrong decoder.",
                           .fix = "Rename it, or save it again as what its name says.",
                           .run = run};

}  // namespace maskmill

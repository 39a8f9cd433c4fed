// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "base/text.h"
#include "formats/camvid/camvid.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

std::vector<std::string> sorted_lines(const Path& file) {
  std::vector<std::string> lines = split_text(read_file(file), '\n');
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

TEST_CASE("masks, labels and subsets come back as they were, and are written again as the same bytes") {
  const bool holds = rc::check([] {
    const Scratch scratch;
    const MaskItems drawn = drawn_mask_items(scratch);
    const std::string coding = *rc::gen::element<std::string>("coding=colour", "coding=index");
    write_items(camvid(), scratch / "out", drawn, {coding});
    const ReadDataSet data = read_data_set(camvid(), scratch / "out");
    for (const Finding& finding : data.findings) RC_ASSERT(finding.rule == "unlabelled-item");
    RC_ASSERT(data.items.size() == drawn.items.size());
    RC_ASSERT(holds_labels(drawn.metadata.labels, data.labels()));
    RC_ASSERT(data.source->metadata().subsets == drawn.metadata.subsets);
    for (std::size_t i = 0; i < drawn.items.size(); ++i) {
      const Item& was = drawn.items[i];
      const auto read = std::ranges::find(data.items, was.id, &Item::id);
      RC_ASSERT(read != data.items.end());
      RC_ASSERT(read->subset == was.subset);
      RC_ASSERT(read->annotated == was.annotated);
      RC_ASSERT(read_file(read->image) == read_file(was.image));
      if (!was.annotated) continue;
      const SemanticMask mask = read_semantic(*read->semantic);
      RC_ASSERT(mask.unknown_values.empty());
      RC_ASSERT(same_labels(drawn.labels[i], drawn.metadata.labels, mask.labels, data.labels()));
    }
    CreateRequest again;
    again.target = scratch / "again";
    again.settings = {coding};
    write_data_set(camvid(), *data.source, again);
    for (const Path& file : list_files(scratch / "out")) {
      if (file.filename() == "provenance.json") continue;
      const Path other = scratch / "again" / relative_name(file, scratch / "out");
      if (lower_extension(file) == "txt")  // items come in the order of their ids, as they did not before
        RC_ASSERT(sorted_lines(other) == sorted_lines(file));
      else
        RC_ASSERT(read_file(other) == read_file(file));
    }
  });
  CHECK(holds);
}

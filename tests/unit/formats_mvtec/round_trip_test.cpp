// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "formats/mvtec/mvtec.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("masks, labels and subsets come back as they were, and are written again as the same bytes") {
  const bool holds = rc::check([] {
    const Scratch scratch;
    MaskItems drawn = drawn_mask_items(scratch, {.ignore = false, .no_subset = false, .one_label = true});
    const LabelMap& labels = drawn.metadata.labels;
    write_items(mvtec(), scratch / "out", drawn);
    const ReadDataSet data = read_data_set(mvtec(), scratch / "out");
    RC_ASSERT(data.rules().empty());
    RC_ASSERT(data.items.size() == drawn.items.size());
    RC_ASSERT(holds_labels(labels, data.labels()));
    RC_ASSERT(data.source->metadata().subsets == drawn.metadata.subsets);
    for (std::size_t i = 0; i < drawn.items.size(); ++i) {
      const Item& was = drawn.items[i];
      const auto read = std::ranges::find(data.items, was.id, &Item::id);
      RC_ASSERT(read != data.items.end());
      RC_ASSERT(read->subset == was.subset);
      RC_ASSERT(read->annotated == was.annotated);
      RC_ASSERT(read_file(read->image) == read_file(was.image));
      if (!was.annotated) continue;
      const SemanticMask mask = semantic_of(*read, data.labels());
      RC_ASSERT(mask.unknown_values.empty());
      RC_ASSERT(same_labels(drawn.labels[i], labels, mask.labels, data.labels()));
    }
    CreateRequest again;
    again.target = scratch / "again";
    write_data_set(mvtec(), *data.source, again);
    for (const Path& file : list_files(scratch / "out"))
      if (file.filename() != "provenance.json")
        RC_ASSERT(read_file(scratch / "again" / relative_name(file, scratch / "out")) == read_file(file));
  });
  CHECK(holds);
}

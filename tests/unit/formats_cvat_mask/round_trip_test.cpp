// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "formats/cvat_mask/cvat_mask.h"
#include "support/mask_items.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE(
    "masks, objects, labels and subsets come back as they were, and are written again as the same bytes") {
  const bool holds = rc::check([] {
    const Scratch scratch;
    const MaskItems drawn = drawn_mask_items(scratch, {.instances = true, .unannotated = false});
    const std::string coding = *rc::gen::element<std::string>("coding=colour", "coding=index");
    write_items(cvat_mask(), scratch / "out", drawn, {coding});
    const ReadDataSet data = read_data_set(cvat_mask(), scratch / "out");
    RC_ASSERT(data.rules().empty());
    RC_ASSERT(data.items.size() == drawn.items.size());
    RC_ASSERT(holds_labels(drawn.metadata.labels, data.labels()));
    for (std::size_t i = 0; i < drawn.items.size(); ++i) {
      const Item& was = drawn.items[i];
      const auto read = std::ranges::find(data.items, was.id, &Item::id);
      RC_ASSERT(read != data.items.end());
      RC_ASSERT(read->subset == was.subset);
      RC_ASSERT(read->file_name == was.file_name);
      RC_ASSERT(read_file(read->image) == read_file(was.image));
      const SemanticMask mask = semantic_of(*read, data.labels());
      RC_ASSERT(mask.unknown_values.empty());
      RC_ASSERT(same_labels(drawn.labels[i], drawn.metadata.labels, mask.labels, data.labels()));
      RC_ASSERT(read->instances.has_value() == was.instances.has_value());
      if (was.instances)
        RC_ASSERT(cv::norm(read_instances(*read->instances), drawn.instances[i], cv::NORM_INF) == 0);
    }
    CreateRequest again;
    again.target = scratch / "again";
    again.settings = {coding};
    write_data_set(cvat_mask(), *data.source, again);
    for (const Path& file : list_files(scratch / "out"))
      if (file.filename() != "provenance.json")
        RC_ASSERT(read_file(scratch / "again" / relative_name(file, scratch / "out")) == read_file(file));
  });
  CHECK(holds);
}

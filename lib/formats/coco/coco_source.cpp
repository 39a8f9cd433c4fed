// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_source.h"

#include "formats/coco/coco_items.h"

namespace maskmill {
namespace {

class CocoSource : public CocoItems {
 public:
  explicit CocoSource(const OpenRequest& request)
      : CocoItems(find_coco_files(request.path, parsed_settings<CocoReadSettings>(request.settings).images,
                                  CocoKind::instances)) {}
};

}  // namespace

std::unique_ptr<Source> open_coco(const OpenRequest& request) {
  return std::make_unique<CocoSource>(request);
}

}  // namespace maskmill

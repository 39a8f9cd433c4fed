// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/finding.h"
#include "base/path.h"
#include "base/staging.h"
#include "fetch/open_images/class_choice.h"
#include "fetch/open_images/open_images.h"
#include "fetch/open_images/selection.h"
#include "fetch/open_images/table_files.h"

namespace maskmill::fetch {

/// Tables of the request's classes, out of the published ones: those of which rows are wanted, and those of
/// boxes where flags are. What `folder` has already is taken.
std::vector<ObjectTable> find_objects(const OpenImagesRequest& request, std::span<const ChosenClass> classes,
                                      const TableFiles& files, const Path& folder, Findings& findings);

/// The published tables that find_objects() reads.
std::vector<Url> object_tables(const OpenImagesRequest& request);
std::vector<OpenImagesSplit> splits_of(const OpenImagesRequest& request);
/// Whether rows about images have to be known.
bool needs_image_tables(const OpenImagesRequest& request);

/// A folder in which a request is carried out, and what it keeps of its stages, each whole or absent.
class WorkFolder {
 public:
  /// Makes it. Throws Error(write_failed) also where another process has it.
  explicit WorkFolder(const Path& folder);

  Path annotations() const { return folder_ / "annotations"; }
  Path images() const { return folder_ / "images"; }
  Path masks() const { return folder_ / "masks"; }
  /// Hidden, so that no reader of the folder sees it.
  Path stages() const { return folder_ / ".stages"; }
  /// Named by what its content depends on; others of that name's beginning are removed.
  Path stage(const std::string& name, const std::string& depends_on) const;

  /// Removes tables, and what is of no use for this request: images of another size, masks of other images.
  void prepare(const OpenImagesRequest& request, const Selection& selection) const;
  /// Removes other images than these.
  void remove_other_images(const Selection& selection) const;

 private:
  Path folder_;
  Claim claim_;
};

}  // namespace maskmill::fetch

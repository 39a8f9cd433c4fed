// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataset/dataset.h"

namespace maskmill::learn {

/// Image files and folders of them as a data set without annotations: a folder's files by their extension,
/// recursively, in sorted order. Ids are names without extension, of a folder's files relative to it. Throws
/// Error(not_found | unreadable) for a path that is neither, Error(bad_format) for a folder without images,
/// Error(usage) for two files of one id.
std::unique_ptr<Source> picture_files(const std::vector<std::string>& paths);

}  // namespace maskmill::learn

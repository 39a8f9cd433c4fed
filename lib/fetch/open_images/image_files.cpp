// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/image_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "fetch/download.h"
#include "fetch/open_images/published_files.h"

namespace maskmill::fetch {
namespace {

/// One after another, with nothing between: then it is not the images, and asking for the rest is no use.
constexpr std::size_t kMostFailures = 30;

/// Images that are wanted, one after another.
using NextImage = std::function<std::optional<Wanted>()>;

Path image_path(const Path& folder, OpenImagesSplit split, std::uint64_t image) {
  return folder / std::string(enum_names<OpenImagesSplit>[static_cast<std::size_t>(split)]) /
         (image_id_text(image) + ".jpg");
}

NextImage from_bucket(const Selection& selection, const Path& folder) {
  return [&selection, folder, split = std::size_t{0},
          number = std::size_t{0}]() mutable -> std::optional<Wanted> {
    for (; split < selection.images.size(); ++split, number = 0)
      while (number < selection.images[split].size()) {
        const std::uint64_t image = selection.images[split][number++];
        const auto of_split = static_cast<OpenImagesSplit>(split);
        Path path = image_path(folder, of_split, image);
        if (!is_file(path)) return Wanted{open_images_image(of_split, image_id_text(image)), std::move(path)};
      }
    return std::nullopt;
  };
}

/// From the photographers' site, by rows of the tables.
class FromTables {
 public:
  FromTables(const Selection& selection, OpenImagesSize size, const ImageTables& tables, Path folder,
             std::function<void(const Path&, const std::string&)> missing)
      : selection_(selection),
        size_(size),
        tables_(tables),
        folder_(std::move(folder)),
        missing_(std::move(missing)) {}

  std::optional<Wanted> next() {
    for (; split_ < tables_.size(); ++split_) {
      if (!open_table()) continue;
      for (CsvRow row; reader_->next(row);)
        if (auto wanted = wanted_of(row.fields)) return wanted;
      report_unlisted();
      reader_.reset();
    }
    return std::nullopt;
  }

 private:
  bool open_table() {
    if (reader_) return true;
    if (!tables_[split_]) return false;
    reader_ = std::make_unique<CsvReader>(*tables_[split_]);
    CsvRow header;
    reader_->next(header);
    const auto column = [&](std::string_view name) {
      const auto found = std::ranges::find(header.fields, name);
      if (found == header.fields.end())
        throw Error(Code::bad_format, fmt::format("has no column {}", name)).at_file(*tables_[split_]);
      return static_cast<std::size_t>(found - header.fields.begin());
    };
    image_ = column("ImageID");
    url_ = column(size_ == OpenImagesSize::original ? "OriginalURL" : "Thumbnail300KURL");
    md5_ = column("OriginalMD5");
    is_listed_.assign(selection_.images[split_].size(), false);
    return true;
  }

  std::optional<Wanted> wanted_of(const std::vector<std::string>& fields) {
    const auto split = static_cast<OpenImagesSplit>(split_);
    const auto image = fields.size() > image_ ? parse_image_id(fields[image_]) : std::nullopt;
    if (!image || !selection_.holds(split, *image)) return std::nullopt;
    const std::vector<std::uint64_t>& images = selection_.images[split_];
    const auto place = static_cast<std::size_t>(std::ranges::lower_bound(images, *image) - images.begin());
    if (is_listed_[place]) return std::nullopt;
    is_listed_[place] = true;
    Path path = image_path(folder_, split, *image);
    if (is_file(path)) return std::nullopt;
    const std::string url = fields.size() > url_ ? fields[url_] : std::string();
    if (url.empty()) {
      missing_(path, "no URL is known of this size");
      return std::nullopt;
    }
    try {
      Wanted wanted{Url(url), path};
      if (size_ == OpenImagesSize::original && fields.size() > md5_ && !fields[md5_].empty())
        wanted.checksums.push_back(checksum_from_base64(ChecksumKind::md5, fields[md5_]));
      return wanted;
    } catch (const Error& error) {
      missing_(path, error.message());
      return std::nullopt;
    }
  }

  void report_unlisted() {
    for (std::size_t i = 0; i < is_listed_.size(); ++i)
      if (const Path path =
              image_path(folder_, static_cast<OpenImagesSplit>(split_), selection_.images[split_][i]);
          !is_listed_[i] && !is_file(path))
        missing_(path, "the table of images does not have it");
  }

  const Selection& selection_;
  OpenImagesSize size_;
  const ImageTables& tables_;
  Path folder_;
  std::function<void(const Path&, const std::string&)> missing_;
  std::size_t split_ = 0;
  std::unique_ptr<CsvReader> reader_;
  std::size_t image_ = 0, url_ = 0, md5_ = 0;
  std::vector<bool> is_listed_;
};

}  // namespace

std::size_t fetch_images(const Selection& selection, OpenImagesSize size, const ImageTables& tables,
                         const Path& folder, const Access& access, Findings& findings) {
  if (size == OpenImagesSize::none) return 0;
  std::size_t gone = 0, failed = 0, failed_in_a_row = 0;
  std::optional<Error> first_failure;
  const auto report = [&](const char* rule, const Path& path, const std::string& message) {
    ++gone;
    findings.add({rule, Severity::warning, {relative_name(path, folder), {}, {}}, message, {}});
  };
  FromTables listed(selection, size, tables, folder, [&](const Path& path, const std::string& message) {
    report("image-missing", path, message);
  });
  const NextImage next = size == OpenImagesSize::bucket ? from_bucket(selection, folder)
                                                        : NextImage([&] { return listed.next(); });
  const auto done = [&](const Wanted& wanted, const DownloadResult& result) {
    const auto* error = std::get_if<Error>(&result);
    const auto code = error ? std::optional(error->code()) : std::nullopt;
    if (!error || code == Code::not_found || code == Code::bad_format) failed_in_a_row = 0;
    if (!error) return;
    if (code == Code::not_found && !access.offline)
      return report("image-missing", wanted.target, wanted.url.printable() + " is gone");
    if (code == Code::bad_format) return report("image-changed", wanted.target, error->message());
    ++failed;
    if (!first_failure) first_failure = *error;
    if (++failed_in_a_row == kMostFailures) throw *first_failure;
  };
  download_all(next, done, access);
  if (first_failure)
    throw Error(first_failure->code(), fmt::format("{} could not be fetched, the first: {}",
                                                   counted(failed, "image"), first_failure->message()))
        .hint("the same command again goes on with what is missing");
  return gone;
}

}  // namespace maskmill::fetch

// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "catch.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::fetch;
using namespace maskmill::tests;

TEST_CASE("a plan names the tables and zip files with their sizes, and fetches none of them") {
  const ServedOpenImages served;
  OpenImagesRequest request = request_for({"Hot dog"});
  request.splits = {"train", "test"};
  const OpenImagesPlan plan = plan_open_images(request, served.access());
  CHECK_FALSE(plan.found);
  REQUIRE(plan.tables.size() == 6);  // classes, hierarchy, boxes and masks of two splits
  for (const PlannedFile& file : plan.tables) {
    INFO(file.url);
    CHECK(file.there == 0);
    const std::string path = file.url.substr(std::string("https://").size());
    CHECK(file.bytes == fs::file_size(served.hosts / path));
  }
  CHECK(plan.shards.size() == 32);
  CHECK(thrown_by([&] { plan_open_images(request_for({"Hotdog"}), served.access()); }).code() == Code::usage);
}

TEST_CASE("where the tables are kept, a plan says what the fetch will find") {
  const ServedOpenImages served;
  OpenImagesRequest request = request_for({"Hot dog", "Person"});
  request.meta_dir = (served.scratch / "meta").string();
  request.max = 5;
  const OpenImagesReport report = served.fetch(request, served.scratch / "work");
  const std::size_t zips = served.requests_for(".zip"), images = served.requests_for(".jpg");
  const OpenImagesPlan plan = plan_open_images(request, served.access());
  REQUIRE(plan.found);
  CHECK(plan.found->images == report.images);
  CHECK(plan.found->boxes == report.boxes);
  CHECK(plan.found->masks == report.masks);
  for (const PlannedFile& file : plan.tables) CHECK(file.bytes == file.there);
  CHECK(plan.shards.size() < 48);
  CHECK(plan.shards.size() > 0);
  CHECK(served.requests_for(".zip") == zips);  // all that are needed are kept
  CHECK(served.requests_for(".jpg") == images);
}

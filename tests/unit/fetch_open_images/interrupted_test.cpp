// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <boost/filesystem.hpp>

#include "catch.h"
#include "support.h"

using namespace maskmill;
using namespace maskmill::fetch;
using namespace maskmill::tests;

TEST_CASE("whatever request is the last that is answered, the same call goes on to the same folder") {
  auto allowed = std::make_shared<std::atomic<std::size_t>>(1'000'000);
  const Hook hook = [allowed](const WebRequest&, const Visit& visit, WebReply& reply) {
    if (visit.number > *allowed) reply = {.status = "503 Service Unavailable"};
  };
  const ServedOpenImages served({.train = 20, .validation = 6, .test = 6}, hook);
  for (const OpenImagesMaskFiles how : {OpenImagesMaskFiles::members, OpenImagesMaskFiles::shards})
    for (const bool keeps : {false, true}) {
      OpenImagesRequest request = request_for({"Hot dog", "Cat"});
      request.mask_files = how;
      request.with_image_table = true;
      const std::string name = std::to_string(static_cast<int>(how)) + (keeps ? "k" : "s");
      if (keeps) request.meta_dir = (served.scratch / ("meta" + name)).string();
      *allowed = 1'000'000;
      const OpenImagesReport whole = served.fetch(request, served.scratch / ("whole" + name));
      const Tree expected = tree_of(served.scratch / ("whole" + name));

      if (keeps) request.meta_dir = (served.scratch / ("meta-cut" + name)).string();
      const Path work = served.scratch / ("cut" + name);
      std::size_t failures = 0;
      for (;; ++failures) {
        // Some more each time, as a zip file takes several.
        *allowed = served.server->web().counts().requests + 3 + failures / 4;
        try {
          const OpenImagesReport report = served.fetch(request, work);
          CHECK(report.images == whole.images);
          CHECK(report.missing_masks == whole.missing_masks);
          break;
        } catch (const Error& error) {
          INFO(error.what());
          REQUIRE(error.code() == Code::unreadable);
          REQUIRE(failures < 300);
        }
      }
      CHECK(failures > 6);
      CHECK(tree_of(work) == expected);
    }
}

TEST_CASE("another request in the same folder gives what it gives in a new one") {
  const ServedOpenImages served({.train = 30});
  const Path work = served.scratch / "work";
  std::vector<OpenImagesRequest> requests{request_for({"Hot dog", "Cat"}), request_for({"Cat"}),
                                          request_for({"Person", "Cat"}), request_for({"Cat"})};
  requests[1].max = 2;
  requests[2].group_of = {"no"};
  requests[3].annotations = {"boxes"};
  requests.push_back(request_for({"Cat", "Hot dog", "Person", "Dog", "Man", "Woman", "Hamburger"}));
  requests.push_back(requests.back());
  requests.back().annotations = {"masks"};
  int number = 0;
  for (const OpenImagesRequest& request : requests) {
    const Path fresh = served.scratch / ("fresh" + std::to_string(number++));
    served.fetch(request, work);
    served.fetch(request, fresh);
    const auto without_masks = [](Tree tree) {  // of other objects in the images they may remain
      std::erase_if(tree, [](const auto& file) { return file.first.starts_with("masks/"); });
      return tree;
    };
    CHECK(without_masks(tree_of(work)) == without_masks(tree_of(fresh)));
    for (const auto& [name, bytes] : tree_of(fresh)) CHECK(tree_of(work).at(name) == bytes);
  }
}

TEST_CASE("what is there already is not asked for again") {
  const ServedOpenImages served;
  OpenImagesRequest request = request_for({"Hot dog", "Cat"});
  const Path work = served.scratch / "work";
  served.fetch(request, work);
  const std::size_t tables = served.requests_for(".csv"), images = served.requests_for(".jpg");
  served.fetch(request, work);
  CHECK(served.requests_for(".csv") == tables);
  CHECK(served.requests_for(".jpg") - images <= 1);  // one that is gone
  request.max = 3;                                   // the rows of the classes are known
  served.fetch(request, work);
  CHECK(served.requests_for(".csv") == tables);
}

TEST_CASE("a server that answers nothing more is given up, and images that are there stay") {
  auto is_down = std::make_shared<std::atomic<bool>>(false);
  const ServedOpenImages served({.train = 80},
                                [is_down](const WebRequest& request, const Visit&, WebReply& reply) {
                                  if (*is_down && request.target.ends_with(".jpg"))
                                    reply = {.status = "500 Internal Server Error"};
                                });
  OpenImagesRequest request = request_for({"Hot dog", "Cat", "Person", "Man", "Woman"});
  *is_down = true;
  CHECK(thrown_by([&] { served.fetch(request, served.scratch / "work"); }).code() == Code::unreadable);
  CHECK(served.requests_for(".jpg") < 70);
}

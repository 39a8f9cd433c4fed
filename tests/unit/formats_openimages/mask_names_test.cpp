// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/mask_names.h"

#include <set>

#include "catch.h"

using namespace maskmill;

TEST_CASE("a mask's name says its image, its class and its box") {
  const auto name = parse_mask_name("677c122b0eaa5d16_m04yx4_9a041d52.png");
  REQUIRE(name);
  CHECK(name->image == "677c122b0eaa5d16");
  CHECK(name->mid == "/m/04yx4");
  CHECK(name->box == 0x9a041d52);
  CHECK(to_mask_file_name(*name) == "677c122b0eaa5d16_m04yx4_9a041d52.png");
  const auto other = parse_mask_name("my_image_1_xhot-dog-0a1b2c3d_00000007.png");
  REQUIRE(other);
  CHECK(other->image == "my_image_1");
  CHECK(other->mid == "/x/hot-dog-0a1b2c3d");
  CHECK(other->box == 7);
}

TEST_CASE("a MID that holds an underscore is read whole, whatever the image is called") {
  // Motorcycle, pretzel, fast food and oyster of the official table of classes.
  for (const char* mid : {"/m/04_sv", "/m/01f91_", "/m/01_bhs", "/m/0_cp5", "/m/01b9xk"})
    for (const char* image : {"677c122b0eaa5d16", "photo", "my_photo_1", "photo_m01", "a_m04_b"}) {
      const std::string file = to_mask_file_name({image, mid, 7});
      const auto name = parse_mask_name(file);
      INFO(file);
      REQUIRE(name);
      CHECK(name->image == image);
      CHECK(name->mid == mid);
      CHECK(is_mid(mid));
    }
  CHECK(to_mask_file_name({"677c122b0eaa5d16", "/m/01f91_", 7}) == "677c122b0eaa5d16_m01f91__00000007.png");
}

TEST_CASE("other names of pictures are no masks' names") {
  for (const char* name :
       {"", "a.png", "677c122b0eaa5d16.jpg", "677c122b0eaa5d16_m04yx4_9a041d52.jpg", "_m04yx4_9a041d52.png",
        "a_m_9a041d52.png", "a_m04yx4_9a041d5.png", "a_m04yx4_9A041D52.png", "a_b_c.png",
        "img_2019_12345678.png", "_9a041d52.png", "a__9a041d52.png"}) {
    INFO(name);
    CHECK_FALSE(parse_mask_name(name));
  }
}

TEST_CASE("whatever an image is called, no two masks have one name") {
  const std::set<std::string> names{
      to_mask_file_name({"deep/a", "/m/0a", 1}),  to_mask_file_name({"other/a", "/m/0a", 1}),
      to_mask_file_name({"a", "/m/0a", 1}),       to_mask_file_name({"a", "/m/0a", 2}),
      to_mask_file_name({"a", "m0a", 1}),         to_mask_file_name({"a", "", 1}),
      to_mask_file_name({"a", "caf\xC3\xA9", 1}), to_mask_file_name({"a", "caf__", 1}),
      to_mask_file_name({"a", "/m/04_sv", 1}),    to_mask_file_name({"a_m04", "/s/v", 1})};
  CHECK(names.size() == 10);
  for (const std::string& name : names) CHECK(name.find('/') == std::string::npos);
}

TEST_CASE("a label without a MID gets one that is nobody else's and that two labels do not share") {
  CHECK(own_mid("car") == "/x/car");
  CHECK(own_mid("/m/01b9xk") == "/m/01b9xk");
  const std::set<std::string> mids{own_mid("hot dog"),
                                   own_mid("Hot dog"),
                                   own_mid("hot-dog"),
                                   own_mid("hot_dog"),
                                   own_mid("\xC3\xA9"),
                                   own_mid("/x/"),
                                   own_mid(std::string(300, 'a')),
                                   own_mid(std::string(301, 'a'))};
  CHECK(mids.size() == 8);
  for (const std::string& mid : mids) {
    INFO(mid);
    CHECK(is_mid(mid));
    CHECK(mid.size() < 60);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "formats/media.h"

#include <sys/stat.h>

#include <boost/filesystem.hpp>

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

Item item_of(const Path& image, std::string id, std::string file_name = {}) {
  Item item;
  item.id = std::move(id);
  item.image = image;
  item.file_name = std::move(file_name);
  return item;
}

}  // namespace

TEST_CASE("an image is copied under its file name, and is no link") {
  const Scratch scratch;
  const std::string bytes(300000, 'x');
  const Path image = scratch.write("in/a.jpg", bytes);
  fs::permissions(image, fs::owner_read);
  CHECK(place_image(item_of(image, "a", "sub/\xC3\xA4 b.jpg"), Media::copy, scratch / "out", "images") ==
        "sub/\xC3\xA4 b.jpg");
  const Path copy = scratch / "out/images/sub/\xC3\xA4 b.jpg";
  CHECK(read_file(copy) == bytes);
  CHECK(fs::hard_link_count(copy) == 1);
  struct stat status {};
  REQUIRE(::stat(copy.c_str(), &status) == 0);
  CHECK((status.st_mode & S_IWUSR) != 0);  // a copy of a file that is read-only is the user's own
  CHECK(place_image(item_of(scratch.write("none", ""), "b", "b.jpg"), Media::copy, scratch / "out", "") ==
        "b.jpg");
  CHECK(fs::file_size(scratch / "out/b.jpg") == 0);
}

TEST_CASE("a hard link is one to the file, also where the image is a symbolic link") {
  const Scratch scratch;
  const Path image = scratch.write("in/a.jpg", "bytes");
  fs::create_symlink(image, scratch / "in/link.jpg");
  place_image(item_of(scratch / "in/link.jpg", "a", "a.jpg"), Media::link, scratch / "out", "images");
  CHECK(fs::hard_link_count(image) == 2);
  CHECK(!fs::is_symlink(fs::symlink_status(scratch / "out/images/a.jpg")));
}

TEST_CASE("a reference is the absolute path, and none is the name it would have; neither writes") {
  const Scratch scratch;
  const Path image = scratch.write("in/a.jpg", "bytes");
  CHECK(place_image(item_of(scratch / "in/../in/a.jpg", "a", "b.jpg"), Media::reference, scratch / "out",
                    "images") == image.string());
  CHECK(Path(place_image(item_of("in/a.jpg", "a"), Media::reference, scratch / "out", "")).is_absolute());
  CHECK(place_image(item_of(image, "a", "b.jpg"), Media::none, scratch / "out", "images") == "b.jpg");
  CHECK(place_image(item_of({}, "a", "b.jpg"), Media::copy, scratch / "out", "images") == "b.jpg");
  CHECK(!fs::exists(scratch / "out"));
}

TEST_CASE("a name that would leave the folder is reduced to the id and the extension") {
  const Scratch scratch;
  const Path image = scratch.write("in/a.jpg", "bytes");
  const auto name = [&](const char* id, const char* file_name) {
    return place_image(item_of(image, id, file_name), Media::none, scratch / "out", "images");
  };
  CHECK(name("x", "") == "x.jpg");
  CHECK(name("x", "../../b.PNG") == "x.PNG");
  CHECK(name("sub/x", "/etc/b.png") == "sub/x.png");
  CHECK(name("../../x", "../../x.png") == "x.png");
  CHECK(name("/etc/x", "/etc/x.png") == "etc/x.png");
  CHECK(thrown_by([&] { name("..", "../a.png"); }).code() == Code::bad_value);
}

TEST_CASE("an image that is gone, is a folder, or would fall onto another is an error") {
  const Scratch scratch;
  const Path image = scratch.write("in/a.jpg", "bytes");
  const Media media = GENERATE(Media::copy, Media::link);
  CHECK(thrown_by([&] {
          place_image(item_of(scratch / "gone.jpg", "a"), media, scratch / "out", "");
        }).code() == Code::not_found);
  CHECK(thrown_by([&] { place_image(item_of(scratch / "in", "b"), media, scratch / "out", ""); }).code() ==
        Code::unreadable);
  REQUIRE(::mkfifo((scratch / "pipe.jpg").c_str(), 0600) == 0);
  if (media == Media::copy)
    CHECK(thrown_by([&] {
            place_image(item_of(scratch / "pipe.jpg", "p"), media, scratch / "out", "");
          }).code() == Code::unreadable);
  place_image(item_of(image, "c"), media, scratch / "out", "");
  CHECK(thrown_by([&] { place_image(item_of(image, "c"), media, scratch / "out", ""); }).code() ==
        Code::write_failed);
  scratch.write("out/file", "no folder");
  CHECK(thrown_by([&] { place_image(item_of(image, "d"), media, scratch / "out/file", "images"); }).code() ==
        Code::write_failed);
}

TEST_CASE("a made image is written when it is wanted, and made no sooner") {
  const Scratch scratch;
  int made = 0;
  Item item = item_of({}, "a", "sub/a.png");
  item.size = Size{1, 1};
  item.made_image = std::make_shared<MadeImage>(MadeImage{[&made] {
                                                            ++made;
                                                            return std::string("bytes");
                                                          },
                                                          {"original.png"}});
  CHECK(place_image(item, Media::none, scratch / "out", "images") == "sub/a.png");
  CHECK(thrown_by([&] { place_image(item, Media::reference, scratch / "out", "images"); }).code() ==
        Code::usage);
  CHECK(made == 0);
  CHECK(place_image(item, Media::copy, scratch / "out", "images") == "sub/a.png");
  CHECK(place_image(item, Media::link, scratch / "out", "linked") == "sub/a.png");
  CHECK(made == 2);
  CHECK(read_file(scratch / "out/images/sub/a.png") == "bytes");
  CHECK(read_file(scratch / "out/linked/sub/a.png") == "bytes");
  const Error twice = thrown_by([&] { place_image(item, Media::copy, scratch / "out", "images"); });
  CHECK(twice.code() == Code::write_failed);
}

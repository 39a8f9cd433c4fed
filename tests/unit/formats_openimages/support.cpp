// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <zlib.h>

#include <opencv2/core.hpp>

#include "catch.h"

namespace maskmill::tests {
namespace {

std::string big_endian(std::uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

}  // namespace

std::string clicked_box_header() {
  return kBoxHeader.substr(0, kBoxHeader.size() - 1) + kClicks;
}

std::string one_bit_mask(Size size, const std::vector<std::pair<int, int>>& inside) {
  const int row_bytes = 1 + (size.width + 7) / 8;
  std::string rows(static_cast<std::size_t>(row_bytes * size.height), '\0');
  for (const auto& [x, y] : inside)
    rows[static_cast<std::size_t>(y * row_bytes + 1 + x / 8)] |= static_cast<char>(0x80 >> x % 8);
  std::string packed(compressBound(static_cast<uLong>(rows.size())), '\0');
  auto length = static_cast<uLongf>(packed.size());
  compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(rows.data()),
           static_cast<uLong>(rows.size()));
  packed.resize(length);
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", big_endian(static_cast<std::uint32_t>(size.width)) +
                           big_endian(static_cast<std::uint32_t>(size.height)) +
                           std::string("\x01\0\0\0\0", 5)) +
         chunk("IDAT", packed) + chunk("IEND", "");
}

// Rows are those of the documentation's examples, with coordinates that suit the size.
void write_official(const Scratch& scratch, const Path& folder) {
  const auto put = [&](const Path& name, const std::string& bytes) { scratch.write(folder / name, bytes); };
  put("class-descriptions-boxable.csv",
      "/m/011k07,Tortoise\n/m/04yx4,Man\n/m/09j2d,Clothing\n/m/01g317,Person\n");
  put("oidv6-class-descriptions.csv",
      "LabelName,DisplayName\n/m/011k07,Tortoise\n/m/0cgh4,Building\n/m/0bt9lr,Dog\n");
  put("bbox_labels_600_hierarchy.json", R"({"LabelName": "/m/0bl9f", "Subcategory": [
    {"LabelName": "/m/09j2d"},
    {"LabelName": "/m/01g317", "Subcategory": [{"LabelName": "/m/04yx4"}], "Part": [{"LabelName": "/m/09j2d"}]},
    {"LabelName": "/m/0jbk", "Subcategory": [{"LabelName": "/m/011k07", "Subcategory": [{"LabelName": "/m/04yx4"}]}]}]})");
  put("train-annotations-object-segmentation.csv",
      kMaskHeader +
          "677c122b0eaa5d16_m04yx4_9a041d52.png,677c122b0eaa5d16,/m/04yx4,9a041d52,0.125,0.5,0.333333,0.833333,"
          "0.86864,0.95498 0.65197 1;0.89370 0.56579 1\n"
          "677c122b0eaa5d16_m09j2d_b1115fd0.png,677c122b0eaa5d16,/m/09j2d,b1115fd0,0.5,1,0,0.5,0.8025,\n"
          "96e7ee70b428a54e_m04yx4_05580497.png,96e7ee70b428a54e,/m/04yx4,05580497,0,0.25,0,0.5,,\n"
          "00000000000000aa_m04yx4_05580498.png,00000000000000aa,/m/04yx4,05580498,0,0.25,0,0.5,,\n");
  put("oidv6-train-annotations-bbox.csv",
      clicked_box_header() +
          "677c122b0eaa5d16,xclick,/m/04yx4,1,0.125000,0.500000,0.3333334,0.833333,0,1,0,-1,0,0.25,0.125,0.375,0.5,"
          "0.333333,0.5,0.833333,0.75\n"
          "677c122b0eaa5d16,activemil,/m/01g317,1,0.250000,0.750000,0.166667,0.5,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,"
          "-1\n"
          "b37f763ae67d0888,xclick,/m/01g317,1,0,1,0,1,1,0,1,1,0,-1,-1,-1,-1,-1,-1,-1,-1\n"
          "00000000000000ab,xclick,/m/01g317,1,0,1,0,1,1,0,1,1,0,-1,-1,-1,-1,-1,-1,-1,-1\n");
  put("train-annotations-human-imagelabels.csv",
      "ImageID,Source,LabelName,Confidence\n"
      "677c122b0eaa5d16,verification,/m/011k07,0\n"
      "677c122b0eaa5d16,verification,/m/0cgh4,1\n"
      "b37f763ae67d0888,crowdsource-verification,/m/0bt9lr,0\n");
  put("train-images-boxable-with-rotation.csv",
      "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,"
      "OriginalMD5,Thumbnail300KURL,Rotation\n"
      "677c122b0eaa5d16,train,https://farm3.staticflickr.com/a.jpg,https://www.flickr.com/a,"
      "https://creativecommons.org/licenses/by/2.0/,https://www.flickr.com/people/m/,Michael B,"
      "\"Boys, \"\"three\"\" on a hill\",4405052,KFukvivpCM5QXl5SqKe41g==,https://c1.staticflickr.com/a_z.jpg,270.0\n"
      "b37f763ae67d0888,train,https://c1.staticflickr.com/b.jpg,,,,,,,,,\n");
  for (const char* id : {"677c122b0eaa5d16", "96e7ee70b428a54e", "b37f763ae67d0888"})
    put("train_0/" + std::string(id) + ".jpg", jpeg_picture({8, 6}));
  put("train-masks-6/677c122b0eaa5d16_m04yx4_9a041d52.png",
      one_bit_mask({16, 12}, {{2, 4}, {3, 4}, {2, 5}, {3, 5}, {15, 11}}));
  put("train-masks-6/677c122b0eaa5d16_m09j2d_b1115fd0.png", one_bit_mask({16, 12}, {{9, 1}}));
  put("train-masks-9/96e7ee70b428a54e_m04yx4_05580497.png", one_bit_mask({16, 12}, {{1, 1}}));
}

std::vector<Finding> write_items(const Format& format, const Path& target, const Metadata& metadata,
                                 const std::vector<Item>& items, Media media) {
  CreateRequest request;
  request.target = target;
  request.media = media;
  request.metadata = metadata;
  const auto sink = format.create(request);
  for (const Item& item : items) sink->encode(item)();
  sink->close({"maskmill convert", {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

std::string text_attribute(const Attributes& attributes, const std::string& name) {
  const AttributeValue* value = find_attribute(attributes, name);
  if (!value) FAIL("no attribute " + name);
  if (const auto* json = std::get_if<JsonText>(value)) return json->text;
  return std::get<std::string>(*value);
}

}  // namespace maskmill::tests

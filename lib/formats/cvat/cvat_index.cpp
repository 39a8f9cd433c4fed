// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat/cvat_index.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "formats/xml_tags.h"

namespace maskmill {
namespace {

constexpr std::uint64_t kMostElement = std::uint64_t{256} << 20;

class Scanner {
 public:
  Scanner(const SharedFile& file, const CvatVisitor& visitor) : file_(file), visitor_(visitor), tags_(file) {}

  void run() {
    XmlTag tag;
    while (tags_.next(tag)) {
      if (tag.depth == 1 && tag.opens && tag.name != "annotations")
        throw tags_.error(Code::bad_format,
                          "the root element is <" + printable(tag.name) + ">, not <annotations>");
      if (tag.depth == 2 && tag.opens) begin_element(tag);
      if (tag.depth == 3 && tag.opens && in_image_) add_label(tag);
      if (is_kept_ && tag.end - begin_ > kMostElement)
        throw tags_.error(Code::unsupported, "one element of more than 256 MiB");
      if (tag.depth == 2 && tag.closes) end_element(tag);
    }
  }

 private:
  void begin_element(const XmlTag& tag) {
    if (tag.name == "track")
      throw tags_.error(Code::unsupported, "holds tracks: it is CVAT's format for videos")
          .hint("export the task as \"CVAT for images 1.1\"");
    in_image_ = tag.name == "image";
    const bool is_meta = tag.name == "meta";
    if (is_meta && has_meta_) throw tags_.error(Code::bad_format, "has a second <meta>");
    has_meta_ = has_meta_ || is_meta;
    is_kept_ = in_image_ || is_meta;
    if (!is_kept_) return;
    begin_ = tag.begin;
    line_ = tags_.line();
    if (!in_image_) return;
    name_ = xml_attribute(tag.attributes, "name").value_or("");
    subset_ = xml_attribute(tag.attributes, "subset").value_or("");
    id_ = xml_attribute(tag.attributes, "id").value_or("");
  }

  void add_label(const XmlTag& tag) {
    const std::optional<std::string> label = xml_attribute(tag.attributes, "label");
    if (label && !label->empty()) visitor_.label(*label);
  }

  void end_element(const XmlTag& tag) {
    if (!is_kept_) return;
    is_kept_ = false;
    if (in_image_) {
      const CvatImagePlace place{begin_, static_cast<std::uint32_t>(tag.end - begin_),
                                 static_cast<std::uint32_t>(std::min<std::size_t>(line_, UINT32_MAX))};
      visitor_.image({place, name_, subset_, id_});
      in_image_ = false;
      return;
    }
    std::string meta;
    file_.read(begin_, tag.end - begin_, meta);
    meta.resize(tag.end - begin_);
    visitor_.meta(std::move(meta), line_);
  }

  const SharedFile& file_;
  const CvatVisitor& visitor_;
  XmlTags tags_;
  std::uint64_t begin_ = 0;
  std::size_t line_ = 0;
  bool in_image_ = false, is_kept_ = false, has_meta_ = false;
  std::string name_, subset_, id_;
};

}  // namespace

void scan_cvat(const SharedFile& file, const CvatVisitor& visitor) {
  Scanner(file, visitor).run();
}

}  // namespace maskmill

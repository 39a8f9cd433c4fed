// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "base/text.h"
#include "formats/voc/annotation_xml.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

/// The attributes that VOC has no element for, in CVAT's form. A name that XML cannot hold is made legal.
void add_attribute_list(pugi::xml_node& parent,
                        const std::vector<const Attributes::value_type*>& attributes) {
  if (attributes.empty()) return;
  pugi::xml_node list = parent.append_child("attributes");
  for (const auto* attribute : attributes) {
    pugi::xml_node element = list.append_child("attribute");
    add_text(element, "name", legal_xml_text(attribute->first));
    const TypedText typed = typed_text(attribute->second);
    pugi::xml_node value = element.append_child("value");
    if (typed.type) value.append_attribute("type") = typed.type;
    value.text().set(typed.text.c_str());
  }
}

/// Writes the attributes of `known` names as elements, each name once, and returns the others.
class AttributeWriter {
 public:
  explicit AttributeWriter(const Attributes& attributes) {
    for (const auto& attribute : attributes) rest_.push_back(&attribute);
  }

  void write(pugi::xml_node& parent, std::string_view name) {
    const auto found = std::ranges::find(rest_, name, [](const auto* attribute) { return attribute->first; });
    if (found != rest_.end() && add_as_elements(parent, (*found)->first, (*found)->second))
      rest_.erase(found);
  }
  void write_rest(pugi::xml_node& parent) const { add_attribute_list(parent, rest_); }

 private:
  std::vector<const Attributes::value_type*> rest_;
};

void add_flag(pugi::xml_node& parent, const char* name, Flag flag) {
  if (flag) parent.append_child(name).text().set(*flag ? 1 : 0);
}

void add_box(pugi::xml_node& parent, const Box& box) {
  pugi::xml_node element = parent.append_child("bndbox");
  add_text(element, "xmin", number_text(box.x + 1));
  add_text(element, "ymin", number_text(box.y + 1));
  add_text(element, "xmax", number_text(box.x + box.width));
  add_text(element, "ymax", number_text(box.y + box.height));
}

/// Scripts that count an object's elements find the box fifth, as in VOC's own files.
void add_object(pugi::xml_node& root, const Annotation& annotation, const LabelMap& labels) {
  pugi::xml_node object = root.append_child("object");
  AttributeWriter attributes(annotation.attributes);
  if (annotation.label)
    add_text(object, "name", labels[*annotation.label].name);
  else
    attributes.write(object, "name");
  attributes.write(object, "pose");
  add_flag(object, "truncated", annotation.flags.truncated);
  add_flag(object, "difficult", annotation.flags.difficult);
  add_box(object, std::get<Box>(annotation.shape));
  add_flag(object, "occluded", annotation.flags.occluded);
  add_flag(object, "crowd", annotation.flags.crowd);
  if (annotation.score) add_text(object, "score", fmt::format("{}", *annotation.score));
  for (const std::string_view name : {"actions", "point", "part"}) attributes.write(object, name);
  attributes.write_rest(object);
}

void add_size(pugi::xml_node& root, const Size& size, const AttributeValue* depth,
              AttributeWriter& attributes) {
  pugi::xml_node element = root.append_child("size");
  element.append_child("width").text().set(size.width);
  element.append_child("height").text().set(size.height);
  const auto* text = depth ? std::get_if<std::string>(depth) : nullptr;
  if (!depth)
    add_text(element, "depth", "3");
  else if (text && to_integer(*text))
    attributes.write(element, "depth");
}

}  // namespace

std::string to_voc_xml(const VocXml& xml, const LabelMap& labels) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("annotation");
  AttributeWriter attributes(xml.attributes);
  attributes.write(root, "folder");
  if (!xml.file_name.empty()) add_text(root, "filename", legal_xml_text(xml.file_name));
  attributes.write(root, "path");
  attributes.write(root, "source");
  attributes.write(root, "owner");
  if (xml.size) add_size(root, *xml.size, find_attribute(xml.attributes, "depth"), attributes);
  add_flag(root, "segmented", xml.segmented);
  for (const Annotation& annotation : xml.annotations) add_object(root, annotation, labels);
  attributes.write_rest(root);

  std::ostringstream out;
  document.save(out, "\t", pugi::format_indent | pugi::format_no_declaration, pugi::encoding_utf8);
  return std::move(out).str();
}

}  // namespace maskmill

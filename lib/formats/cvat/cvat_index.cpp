// SPDX-License-Identifier: Apache-2.0
#include "formats/cvat/cvat_index.h"

#include <expat.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::uint64_t kMostElement = std::uint64_t{256} << 20;
constexpr int kDeepest = 64;

class Scanner {
 public:
  Scanner(const SharedFile& file, const CvatVisitor& visitor)
      : file_(file), visitor_(visitor), parser_(XML_ParserCreate(nullptr)) {
    if (!parser_) throw Error(Code::unsupported, "there is not enough memory to read XML");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_start, on_end);
    XML_SetXmlDeclHandler(parser_.get(), on_declaration);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
  }

  void run() {
    for (bool at_end = false; !at_end;) {
      throw_if_interrupted();
      void* block = XML_GetBuffer(parser_.get(), kBlock);
      if (!block) throw failure(Code::unsupported, "there is not enough memory for one tag");
      const std::size_t got = file_.read_some(fed_, static_cast<char*>(block), kBlock);
      if (fed_ == 0) require_utf8({static_cast<const char*>(block), got});
      fed_ += got;
      at_end = got == 0;
      const XML_Status status = XML_ParseBuffer(parser_.get(), static_cast<int>(got), at_end ? 1 : 0);
      if (thrown_) std::rethrow_exception(thrown_);
      if (status != XML_STATUS_OK)
        throw failure(Code::bad_format,
                      std::string("not valid XML: ") + XML_ErrorString(XML_GetErrorCode(parser_.get())));
      if (fed_ - begin_of_pending() > kMostElement)
        throw failure(Code::unsupported, "one element of more than 256 MiB");
    }
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  Error failure(Code code, const std::string& message) const {
    return Error(code, message).at_file(file_.path()).at_line(XML_GetCurrentLineNumber(parser_.get()));
  }

  // What stands here is read again by its place, by a parser that is told nothing of the encoding.
  void require_utf8(std::string_view begin) const {
    if (begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF"))
      throw failure(Code::unsupported, "is in UTF-16").hint("store it as UTF-8");
  }

  /// The first byte that must be kept in memory.
  std::uint64_t begin_of_pending() const {
    const auto now =
        static_cast<std::uint64_t>(std::max<XML_Index>(0, XML_GetCurrentByteIndex(parser_.get())));
    return depth_ >= 2 && is_kept_ ? begin_ : now;
  }

  template <class Body>
  void guarded(Body&& body) noexcept {
    if (thrown_) return;
    try {
      body();
    } catch (...) {
      thrown_ = std::current_exception();
      XML_StopParser(parser_.get(), XML_FALSE);
    }
  }

  static std::string_view attribute(const XML_Char** attributes, std::string_view name) {
    for (; *attributes; attributes += 2)
      if (name == attributes[0]) return attributes[1];
    return {};
  }

  static void XMLCALL on_start(void* self, const XML_Char* name, const XML_Char** attributes) {
    auto* scanner = static_cast<Scanner*>(self);
    scanner->guarded([&] { scanner->start(name, attributes); });
  }
  static void XMLCALL on_end(void* self, const XML_Char*) {
    auto* scanner = static_cast<Scanner*>(self);
    scanner->guarded([&] { scanner->end(); });
  }
  static void XMLCALL on_declaration(void* self, const XML_Char*, const XML_Char* encoding, int) {
    auto* scanner = static_cast<Scanner*>(self);
    scanner->guarded([&] {
      const std::string name = lower_case(encoding ? encoding : "utf-8");
      if (name != "utf-8" && name != "utf8" && name != "us-ascii" && name != "ascii")
        throw scanner->failure(Code::unsupported, "is in the encoding " + in_quotes(name))
            .hint("store it as UTF-8");
    });
  }
  static void XMLCALL on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    auto* scanner = static_cast<Scanner*>(self);
    scanner->guarded(
        [&] { throw scanner->failure(Code::unsupported, "has a document type, which CVAT never writes"); });
  }

  void start(std::string_view name, const XML_Char** attributes) {
    if (++depth_ > kDeepest)
      throw failure(Code::unsupported, "elements nested deeper than " + std::to_string(kDeepest) + " levels");
    if (depth_ == 1 && name != "annotations")
      throw failure(Code::bad_format, "the root element is <" + printable(name) + ">, not <annotations>");
    if (depth_ == 2) begin_element(name, attributes);
    if (depth_ == 3 && in_image_)
      if (const std::string_view label = attribute(attributes, "label"); !label.empty())
        visitor_.label(label);
  }

  void begin_element(std::string_view name, const XML_Char** attributes) {
    if (name == "track")
      throw failure(Code::unsupported, "holds tracks: it is CVAT's format for videos")
          .hint("export the task as \"CVAT for images 1.1\"");
    in_image_ = name == "image";
    const bool is_meta = name == "meta";
    if (is_meta && has_meta_) throw failure(Code::bad_format, "has a second <meta>");
    has_meta_ = has_meta_ || is_meta;
    is_kept_ = in_image_ || is_meta;
    if (!is_kept_) return;
    begin_ = static_cast<std::uint64_t>(XML_GetCurrentByteIndex(parser_.get()));
    line_ = XML_GetCurrentLineNumber(parser_.get());
    if (!in_image_) return;
    name_ = attribute(attributes, "name");
    subset_ = attribute(attributes, "subset");
    id_ = attribute(attributes, "id");
  }

  void end() {
    if (--depth_ != 1 || !is_kept_) return;
    is_kept_ = false;
    const auto end = static_cast<std::uint64_t>(XML_GetCurrentByteIndex(parser_.get()) +
                                                XML_GetCurrentByteCount(parser_.get()));
    if (end - begin_ > kMostElement) throw failure(Code::unsupported, "one element of more than 256 MiB");
    if (in_image_) {
      const CvatImagePlace place{begin_, static_cast<std::uint32_t>(end - begin_),
                                 static_cast<std::uint32_t>(std::min<std::size_t>(line_, UINT32_MAX))};
      visitor_.image({place, name_, subset_, id_});
      in_image_ = false;
      return;
    }
    std::string meta;
    file_.read(begin_, end - begin_, meta);
    meta.resize(end - begin_);
    visitor_.meta(std::move(meta), line_);
  }

  const SharedFile& file_;
  const CvatVisitor& visitor_;
  std::unique_ptr<XML_ParserStruct, Free> parser_;
  std::exception_ptr thrown_;  ///< behind expat's back
  std::uint64_t fed_ = 0, begin_ = 0;
  std::size_t line_ = 0;
  int depth_ = 0;
  bool in_image_ = false, is_kept_ = false, has_meta_ = false;
  std::string name_, subset_, id_;
};

}  // namespace

void scan_cvat(const SharedFile& file, const CvatVisitor& visitor) {
  Scanner(file, visitor).run();
}

}  // namespace maskmill

// SPDX-License-Identifier: Apache-2.0
#include "formats/annotation_output.h"

#include "base/error.h"

namespace maskmill {

AnnotationOutput::AnnotationOutput(const CreateRequest& request, std::string_view extension)
    : target_(request.target) {
  if (lower_extension(target_) != extension) {
    folder_.emplace(target_, request.overwrite);
    part_file_.emplace(folder_->staging(), folder_->target());
    return;
  }
  if (request.media == Media::copy || request.media == Media::link)
    throw Error(Code::usage, "one file cannot hold the images")
        .at_file(target_)
        .hint("name a folder, or give --media reference or none");
  file_.emplace(target_, request.overwrite);
  part_file_.emplace(file_->staging().parent_path(), target_);
}

const Path& AnnotationOutput::staging() const {
  static const Path none;
  return folder_ ? folder_->staging() : none;
}

void AnnotationOutput::attach(const std::string& name, std::string_view bytes) {
  if (!folder_)
    throw Error(Code::unsupported, "the output is one file; nothing can lie beside it").at_field(name);
  folder_->write(name, bytes);
}

void AnnotationOutput::write(const std::string& name, const std::function<void(ByteWriter&)>& content) {
  if (!folder_) return content(*file_);
  const std::unique_ptr<FolderFile> file = folder_->create(name);
  content(*file);
  file->close();
}

void AnnotationOutput::commit(const Provenance& provenance) {
  if (folder_) {
    folder_->write("provenance.json", to_json_text(provenance));
    folder_->commit();
  } else {
    file_->add(target_.string() + ".provenance.json", to_json_text(provenance), Overwrite::yes);
    file_->commit();
  }
}

}  // namespace maskmill

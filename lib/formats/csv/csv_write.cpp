// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <map>
#include <memory>

#include "base/csv.h"
#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "formats/csv/csv_halves.h"
#include "formats/csv/label_table.h"
#include "formats/csv/tables.h"
#include "formats/mask_files/mask_sink.h"

namespace maskmill {
namespace {

constexpr std::string_view kHeader = "img_rgb,img_mask,label_min,label_max,label_unique,label_id_list\n";
constexpr const char* kAllItems = "df_data.csv";

std::string table_name(const std::string& subset) {
  return "df_" + (subset == "val" ? "valid" : subset) + ".csv";
}

class CsvSink : public MaskSink {
 public:
  CsvSink(const CreateRequest& request, const MaskWriteSettings& settings)
      : MaskSink(request, settings, {.values = request.metadata.labels.mask_values(), .names_images = true}),
        backs_up_(request.overwrite == Overwrite::yes) {
    std::map<std::string, std::string> names{{kAllItems, ""}, {std::string(kLabelTable), ""}};
    for (const std::string& subset : metadata().subsets) {
      const auto [other, is_new] = names.emplace(table_name(subset), subset);
      if (!is_new && other->second != subset)
        throw Error(
            Code::bad_value,
            fmt::format("the table of the subset {} would be {}, which is {}", in_quotes(subset),
                        other->first,
                        other->second.empty() ? "another table" : "that of " + in_quotes(other->second)))
            .hint("rename the subset");
    }
    for (const std::string& subset : metadata().subsets) table(table_name(subset));
    table(kAllItems);
  }

 private:
  std::string image_folder(const std::string& /*subset*/) const override { return "images"; }
  std::string mask_folder(const std::string& /*subset*/) const override { return "masks"; }

  FolderFile& table(const std::string& name) {
    std::unique_ptr<FolderFile>& file = tables_[name];
    if (!file) {
      file = folder().create(name);
      file->write(kHeader);
    }
    return *file;
  }

  void written(const Written& item) override {
    std::vector<std::string> fields{
        item.image, item.masks.empty() ? std::string() : item.masks.front(), "", "", "", ""};
    if (!item.values.empty()) {
      fields[2] = std::to_string(item.values.front());
      fields[3] = std::to_string(item.values.back());
      fields[4] = std::to_string(item.values.size());
      fields[5] = listed_values(item.values);
    }
    const std::string line = to_csv_line(fields);
    table(kAllItems).write(line);
    if (!item.subset.empty()) table(table_name(item.subset)).write(line);
  }

  void finish(const LabelFile& labels) override {
    for (const auto& [name, file] : tables_) file->close();
    folder().write(kLabelTable, label_table_text(labels));
    if (backs_up_) keep_replaced_tables();
  }

  void keep_replaced_tables() const {
    if (!fs::is_directory(folder().target())) return;
    for (const Path& old : list_files(folder().target(), false)) {
      const std::string name = old.filename().string();
      if (!name.starts_with("df_") || lower_extension(old) != "csv") continue;
      const Path backup = folder().staging() / (name + ".backup");
      boost::system::error_code failure;
      fs::create_hard_link(old, backup, failure);  // the same file, with its date
      if (failure) fs::copy_file(old, backup, failure);
      if (failure) throw Error(Code::write_failed, "cannot be kept: " + failure.message()).at_file(old);
    }
  }

  std::map<std::string, std::unique_ptr<FolderFile>> tables_;
  bool backs_up_;
};

}  // namespace

std::unique_ptr<Sink> create_csv(const CreateRequest& request) {
  if (lower_extension(request.target) == "csv")
    throw Error(Code::usage, "this format is a folder of tables, images and masks")
        .at_file(request.target)
        .hint("name a folder with -o");
  return std::make_unique<CsvSink>(request, parsed_settings<MaskWriteSettings>(request.settings));
}

}  // namespace maskmill

// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "formats/cvat/cvat.h"

namespace maskmill::tests {

std::vector<std::string> CvatReading::rules() const {
  std::vector<std::string> all;
  for (const Finding& finding : findings) all.push_back(finding.rule);
  return all;
}

CvatReading read_cvat(const Path& path, const std::vector<std::string>& settings) {
  const std::unique_ptr<Source> source = cvat().open({path, settings});
  CvatReading reading;
  reading.metadata = source->metadata();
  Findings findings;
  reading.items = read_all(*source, findings);
  findings.for_each([&](const Finding& finding) { reading.findings.push_back(finding); });
  return reading;
}

std::vector<Finding> write_cvat(const Path& target, const Metadata& metadata, const std::vector<Item>& items,
                                Media media) {
  CreateRequest request;
  request.target = target;
  request.media = media;
  request.metadata = metadata;
  const auto sink = cvat().create(request);
  for (const Item& item : items) sink->encode(item)();
  sink->close({"maskmill convert", {}});
  std::vector<Finding> findings;
  sink->findings().for_each([&](const Finding& finding) { findings.push_back(finding); });
  return findings;
}

// As CVAT 2 writes a task's file.
std::string cvat_document(const std::string& images) {
  return R"(<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>7</id>
      <name>crossing &amp; more</name>
      <size>2</size>
      <mode>annotation</mode>
      <subset></subset>
      <segments>
        <segment>
          <id>1</id>
          <start>0</start>
        </segment>
        <segment>
          <id>2</id>
          <start>1</start>
        </segment>
      </segments>
      <labels>
        <label>
          <name>car</name>
          <color>#c06080</color>
          <type>any</type>
          <attributes>
            <attribute>
              <name>parked</name>
              <mutable>False</mutable>
              <input_type>checkbox</input_type>
              <default_value>false</default_value>
              <values>false</values>
            </attribute>
            <attribute>
              <name>seats</name>
              <mutable>True</mutable>
              <input_type>number</input_type>
              <default_value>4</default_value>
              <values>1
9
1</values>
            </attribute>
            <attribute>
              <name>plate</name>
              <mutable>False</mutable>
              <input_type>text</input_type>
              <default_value></default_value>
              <values></values>
            </attribute>
          </attributes>
        </label>
        <label>
          <name>person</name>
          <color>#00ff00</color>
          <type>skeleton</type>
          <attributes>
          </attributes>
          <svg>&lt;line data-type="edge" data-node-from="1" data-node-to="2"&gt;&lt;/line&gt;</svg>
        </label>
        <label>
          <name>nose</name>
          <color></color>
          <type>points</type>
          <attributes>
          </attributes>
          <parent>person</parent>
        </label>
        <label>
          <name>tail</name>
          <color></color>
          <type>points</type>
          <attributes>
          </attributes>
          <parent>person</parent>
        </label>
        <label>
          <name>road</name>
          <color>#010203</color>
          <type>mask</type>
          <attributes>
          </attributes>
        </label>
      </labels>
    </task>
    <dumped>2026-01-02 03:04:05.000000+00:00</dumped>
  </meta>
)" + images +
         "</annotations>\n";
}

}  // namespace maskmill::tests

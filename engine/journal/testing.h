// Journals for tests: made record by record, so that every one of them can be wrong.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/journal/header.h"
#include "engine/journal/record.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::journal {

// The records of a journal's text, to be changed and written again.
struct LooseRecord {
  RecordKind kind;
  std::string payload;
};

inline std::vector<LooseRecord> Loosen(const std::string& text) {
  std::vector<LooseRecord> loose;
  const auto records = ReadRecords(text);
  if (!records) return loose;
  for (const Record& record : records->records) loose.push_back({record.kind, std::string(record.payload)});
  return loose;
}

// With checksums that match.
inline std::string Bind(const std::vector<LooseRecord>& records) {
  std::string text(kMagic);
  RecordWriter writer;
  for (const LooseRecord& record : records) writer.Append(record.kind, {record.payload}, &text);
  return text;
}

inline proto::ToCell ToCellOf(const LooseRecord& record) {
  proto::ToCell frame;
  frame.ParseFromString(record.payload);
  return frame;
}

// One module, one GET that is answered with "hello", a log, a result.
class SmallJournal {
 public:
  SmallJournal() {
    const auto bundle = Bundle::Of({{"index.js", "export default 1;"}}, "index.js");
    header.warder = "0.1.0";
    header.v8 = "13.6";
    header.bundle = bundle->sha256();
    header.execution = "x-1";
    header.tenant = "acme";
    header.recorded = "2026-01-01T00:00:00.000Z";
    proto::ToCell frame;
    frame.mutable_input()->set_kind(proto::Input::MODULE);
    frame.mutable_input()->set_name("index.js");
    frame.mutable_input()->set_data("export default 1;");
    Send(frame);
    frame.mutable_input()->set_kind(proto::Input::EVENT);
    frame.mutable_input()->clear_name();
    frame.mutable_input()->set_data("null");
    Send(frame);
    frame.mutable_input()->set_kind(proto::Input::CONFIG);
    frame.mutable_input()->set_data("{}");
    Send(frame);
    frame.mutable_start()->set_seed(std::string(32, 's'));
    frame.mutable_start()->set_execution_id("x-1");
    frame.mutable_start()->set_tenant("acme");
    frame.mutable_start()->set_entry("index.js");
    frame.mutable_start()->set_heap_bytes(header.limits.heap_bytes);
    frame.mutable_start()->set_array_buffer_bytes(header.limits.array_buffer_bytes);
    frame.mutable_start()->set_output_bytes(header.limits.output_bytes);
    frame.mutable_start()->set_log_bytes(header.limits.log_bytes);
    Send(frame);
    proto::FromCell said;
    said.mutable_http_request()->set_call(1);
    said.mutable_http_request()->set_method("GET");
    said.mutable_http_request()->set_url("https://api.test/a");
    Say(said);
    frame.mutable_response_head()->set_call(1);
    frame.mutable_response_head()->set_status(200);
    frame.mutable_response_head()->set_body(true);
    Send(frame);
    frame.mutable_response_body()->set_call(1);
    frame.mutable_response_body()->set_data("hello");
    frame.mutable_response_body()->set_last(true);
    Send(frame);
    said.mutable_log()->set_message("done");
    Say(said);
    said.mutable_output()->set_data("\"hello\"");
    Say(said);
    said.mutable_result()->set_succeeded(true);
    Say(said);
  }

  // The whole journal, as the members are now.
  std::vector<LooseRecord> Records() const {
    std::vector<LooseRecord> records{{RecordKind::kHeader, HeaderText(header)}};
    records.insert(records.end(), frames.begin(), frames.end());
    records.push_back({RecordKind::kEnd, EndingText(ending)});
    return records;
  }
  std::string Text() const { return Bind(Records()); }

  Header header;
  Ending ending{Status::kSucceeded, "", EndedBy::kCell};
  // Inputs 0 to 2, Start 3, the call 4, its head 5 and body 6, the log 7, the output 8, the result 9.
  std::vector<LooseRecord> frames;

 private:
  void Send(proto::ToCell frame) {
    frame.set_clock_us(clock_us_ += 10);
    frames.push_back({RecordKind::kToCell, frame.SerializeAsString()});
  }
  void Say(const proto::FromCell& frame) { frames.push_back({RecordKind::kFromCell, frame.SerializeAsString()}); }

  std::uint64_t clock_us_ = 1'700'000'000'000'000;
};

}  // namespace warder::journal

// The records that a journal file is made of (docs/journals.md).
//
// The file is the line kMagic, then records: one byte of kind, four of length (little-endian), eight of checksum, the
// payload. A checksum covers the record and all that stands before it, so a record that was changed, moved, taken out
// or put in is found, and named. It finds accidents and edits by hand; it is no signature.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/result.h"
#include "sandbox/proto/frame.h"

namespace warder::journal {

// What helps where a journal is not as it was recorded.
inline constexpr const char* kRemedy = "; record the execution again";

inline constexpr std::string_view kMagic = "warder journal 2\n";
inline constexpr std::size_t kRecordHeadBytes = 13;
inline constexpr std::size_t kMaxPayloadBytes = proto::kMaxFrameBytes;
// Of a whole journal, for whoever reads one: it is held in memory.
inline constexpr std::size_t kMaxJournalBytes = std::size_t{1} << 30;
inline constexpr std::size_t kMaxRecords = std::size_t{4} << 20;

enum class RecordKind : char {
  kHeader = 'H',       // JSON: header.h
  kToCell = '>',       // a proto::ToCell
  kFromCell = '<',     // a proto::FromCell
  kRequestBody = '#',  // a long piece of a request's body, by its hash: request_digest.h
  kEnd = 'E',          // JSON: header.h
};

// Writes records.
class RecordWriter {
 public:
  RecordWriter();
  // Appends the record whose payload is `parts`, one behind the other; kMaxPayloadBytes at most.
  void Append(RecordKind kind, std::initializer_list<std::string_view> parts, std::string* out);

 private:
  std::string chain_;  // the digest of everything so far
};

struct Record {
  RecordKind kind;
  std::string_view payload;
};

struct Records {
  std::vector<Record> records;
  // Why the file ends before its last record does, one clause; empty: it does not.
  std::string cut_off;
};

// Reads the records of `text`, which outlives them. A file that is cut off anywhere is read up to there. The error is
// one sentence without the name of the file.
Result<Records> ReadRecords(std::string_view text);

}  // namespace warder::journal

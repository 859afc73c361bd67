#include "engine/journal/record.h"

#include <stdexcept>

#include "engine/base/sha256.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::journal {
namespace {

constexpr std::size_t kCheckBytes = 8;

std::string LengthBytes(std::size_t length) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(length >> shift & 0xff);
  return bytes;
}

std::size_t LengthOf(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 4; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

std::string DigestOf(std::initializer_list<std::string_view> parts) {
  Sha256 hash;
  for (const std::string_view part : parts) hash.Update(part);
  return hash.Digest();
}

// The kind and length as they stand in the file.
std::string HeadOf(RecordKind kind, std::size_t length) { return static_cast<char>(kind) + LengthBytes(length); }

bool IsKind(char kind) { return kind != '\0' && std::string_view("H><#E").find(kind) != std::string_view::npos; }

std::string Named(std::size_t number) { return "record " + std::to_string(number); }

std::string Answer(const char* what, std::uint64_t call) { return what + std::to_string(call); }

// What was sent to the cell, as far as it can be told: it may be damaged.
std::string WhatWasSent(std::string_view payload) {
  proto::ToCell frame;
  if (!proto::ParseMessage(payload, &frame)) return "something that was sent to the cell";
  switch (frame.frame_case()) {
    case proto::ToCell::kInput:
      return frame.input().kind() == proto::Input::MODULE  ? "a module"
             : frame.input().kind() == proto::Input::EVENT ? "the event"
                                                           : "the configuration";
    case proto::ToCell::kStart:
      return "the start, with the seed";
    case proto::ToCell::kResponseHead:
      return Answer("the head of the answer to call ", frame.response_head().call());
    case proto::ToCell::kResponseBody:
      return Answer("a piece of the answer to call ", frame.response_body().call());
    case proto::ToCell::kCallFailed:
      return Answer("the failure of call ", frame.call_failed().call());
    case proto::ToCell::kRequestCredit:
      return Answer("credit for call ", frame.request_credit().call());
    case proto::ToCell::kTimerFired:
      return Answer("the end of timer ", frame.timer_fired().call());
    default:
      return "something that was sent to the cell";
  }
}

std::string WhatIs(RecordKind kind, std::string_view payload) {
  switch (kind) {
    case RecordKind::kHeader:
      return "the header";
    case RecordKind::kToCell:
      return WhatWasSent(payload);
    case RecordKind::kFromCell:
      return "something that the cell said";
    case RecordKind::kRequestBody:
      return "a piece of a request's body";
    case RecordKind::kEnd:
      break;
  }
  return "how the execution ended";
}

// Another file, or a journal of another format.
Error NotOurs(std::string_view text) {
  constexpr std::string_view kAnyMagic = "warder journal ";
  if (text.substr(0, kAnyMagic.size()) != kAnyMagic)
    return InvalidInput("it is not a journal; `warder run --record` writes one");
  const std::string_view version = text.substr(kAnyMagic.size()).substr(0, text.find('\n') - kAnyMagic.size());
  const bool number =
      !version.empty() && version.size() < 10 && version.find_first_not_of("0123456789") == std::string_view::npos;
  return InvalidInput("it is a journal of format " + (number ? std::string(version) : "?") +
                      ", and this version of warder reads format 2 only" + kRemedy);
}

}  // namespace

RecordWriter::RecordWriter() : chain_(DigestOf({kMagic})) {}

void RecordWriter::Append(RecordKind kind, std::initializer_list<std::string_view> parts, std::string* out) {
  std::size_t length = 0;
  for (const std::string_view part : parts) length += part.size();
  if (length > kMaxPayloadBytes) throw std::logic_error("a record of a journal is too long");
  const std::string head = HeadOf(kind, length);
  Sha256 hash;
  hash.Update(chain_);
  hash.Update(head);
  for (const std::string_view part : parts) hash.Update(part);
  chain_ = hash.Digest();
  out->append(head).append(chain_, 0, kCheckBytes);
  for (const std::string_view part : parts) out->append(part);
}

Result<Records> ReadRecords(std::string_view text) {
  Records read;
  if (text.size() < kMagic.size() && kMagic.substr(0, text.size()) == text && !text.empty()) {
    read.cut_off = "it ends within its first line";
    return read;
  }
  if (text.substr(0, kMagic.size()) != kMagic) return NotOurs(text);
  std::string chain = DigestOf({kMagic});
  std::string_view rest = text.substr(kMagic.size());
  while (!rest.empty()) {
    const std::size_t number = read.records.size() + 1;
    if (number > kMaxRecords) return InvalidInput("it has more than " + std::to_string(kMaxRecords) + " records");
    if (!IsKind(rest.front())) {
      return InvalidInput(Named(number) +
                          " is of no known kind: the file was damaged, or written by a later version of warder" +
                          kRemedy);
    }
    if (!read.records.empty() && read.records.back().kind == RecordKind::kEnd) {
      return InvalidInput(std::string("there is more behind its last record") + kRemedy);
    }
    if (rest.size() < kRecordHeadBytes) {
      read.cut_off = "it ends within " + Named(number);
      return read;
    }
    const std::size_t length = LengthOf(rest.substr(1, 4));
    if (length > kMaxPayloadBytes) {
      return InvalidInput(Named(number) + " claims to have " + std::to_string(length) +
                          " bytes, and none has more than " + std::to_string(kMaxPayloadBytes) +
                          ": the file was damaged" + kRemedy);
    }
    if (rest.size() - kRecordHeadBytes < length) {
      read.cut_off = "it ends within " + Named(number);
      return read;
    }
    const Record record{static_cast<RecordKind>(rest.front()), rest.substr(kRecordHeadBytes, length)};
    chain = DigestOf({chain, rest.substr(0, 5), record.payload});
    if (rest.substr(5, kCheckBytes) != std::string_view(chain).substr(0, kCheckBytes)) {
      return InvalidInput(Named(number) + " (" + WhatIs(record.kind, record.payload) +
                          ") does not match its checksum: it was changed, damaged or put there, or the one before it "
                          "was taken out, after it was recorded" +
                          kRemedy);
    }
    read.records.push_back(record);
    rest.remove_prefix(kRecordHeadBytes + length);
  }
  if (read.records.empty() || read.records.back().kind != RecordKind::kEnd) {
    read.cut_off = read.records.empty() ? "it ends behind its first line"
                                        : "it ends behind " + Named(read.records.size()) +
                                              ", without the record that says how the execution ended";
  }
  return read;
}

}  // namespace warder::journal

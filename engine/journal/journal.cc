#include "engine/journal/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/journal/request_digest.h"

namespace warder::journal {
namespace {
constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

// A rename would put a file in the place of a pipe, a device or a link.
bool IsFileOrAbsent(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

Error NotAFile(const std::string& path) {
  return InvalidInput("cannot write the journal " + path + ": there is something that is not a regular file");
}
}  // namespace

Result<Journal> Journal::Create(const std::filesystem::path& path, std::size_t most_bytes) {
  Journal journal;
  journal.most_bytes_ = most_bytes;
  journal.path_ = path.string();
  if (!IsFileOrAbsent(journal.path_)) return NotAFile(journal.path_);
  std::string temporary = journal.path_ + ".XXXXXX";
  journal.file_.reset(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!journal.file_) {
    return InvalidInput("cannot write the journal " + journal.path_ + ": " + std::strerror(errno));
  }
  journal.temporary_ = Temporary(std::move(temporary));
  journal.buffer_ = kMagic;
  return journal;
}

void Journal::Temporary::Remove() noexcept {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void Journal::Begin(const Header& header) {
  begun_ = true;
  Append(RecordKind::kHeader, {HeaderText(header)});
}

void Journal::Sent(std::string_view frame, std::string_view rest) {
  if (frame.size() < proto::kFrameHeaderBytes) return;  // the channel is closed, nothing was sent
  Append(RecordKind::kToCell, {frame.substr(proto::kFrameHeaderBytes), rest});
}

void Journal::Said(const proto::FromCell& frame) {
  if (file_) Append(RecordKind::kFromCell, {frame.SerializeAsString()});
}

void Journal::SaidBody(std::uint64_t call, std::string_view data, bool last) {
  if (!file_) return;
  if (data.size() > kMaxKeptPieceBytes) {
    Append(RecordKind::kRequestBody, {EncodeDigest(DigestOfPiece(call, data, last))});
    return;
  }
  proto::FromCell frame;
  frame.mutable_request_body()->set_call(call);
  frame.mutable_request_body()->set_last(last);
  frame.mutable_request_body()->set_data(data.data(), data.size());
  Said(frame);
}

void Journal::Append(RecordKind kind, std::initializer_list<std::string_view> parts) {
  if (!file_ || !begun_ || error_ != 0) return;
  std::size_t length = 0;
  for (const std::string_view part : parts) length += part.size();
  if (length > kMaxPayloadBytes) error_ = EMSGSIZE;
  bytes_ += kRecordHeadBytes + length;
  // Nobody would read it.
  if (error_ == 0 && (++records_ > kMaxRecords || bytes_ > most_bytes_)) error_ = EFBIG;
  if (error_ != 0) return;
  writer_.Append(kind, parts, &buffer_);
  if (buffer_.size() >= kFlushBytes) Flush();
}

void Journal::Flush() {
  std::string_view left = buffer_;
  while (error_ == 0 && !left.empty()) {
    const ssize_t wrote = ::write(file_.get(), left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      error_ = errno;
      break;
    }
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  buffer_.clear();
}

Result<void> Journal::Commit(const Ending& ending) {
  if (!file_) return {};
  Append(RecordKind::kEnd, {EndingText(ending)});
  Flush();
  if (error_ == 0 && ::fsync(file_.get()) != 0) error_ = errno;
  if (error_ == EFBIG) {
    return Internal("cannot write the journal " + path_ + ": it would be longer than the longest that is read, " +
                    FormatLimit(LimitUnit::kBytes, most_bytes_) + " or " + std::to_string(kMaxRecords) +
                    " records; record an execution that moves less");
  }
  if (!IsFileOrAbsent(path_)) return NotAFile(path_);
  if (error_ == 0 && ::rename(temporary_.path().c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ != 0) return Internal("cannot write the journal " + path_ + ": " + std::strerror(error_));
  temporary_.Release();
  return {};
}

Result<void> Journal::TooMuch() const {
  return Internal("cannot write the journal " + path_ + ": the execution has said more than its disk could take");
}

}  // namespace warder::journal

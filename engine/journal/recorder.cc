#include "engine/journal/recorder.h"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>

namespace warder::journal {
namespace {
// What a waiting record takes beside its bytes.
constexpr std::size_t kRecordBytes = 128;
}  // namespace

Recorder::Recorder(boost::asio::io_context& loop, boost::asio::thread_pool& disk, Journal journal)
    : loop_(&loop), disk_(&disk), descriptor_(journal.descriptor()) {
  if (descriptor_ < 0) return;
  shared_ = std::make_shared<Shared>();
  shared_->journal = std::move(journal);
}

Recorder::~Recorder() {
  if (shared_) boost::asio::post(*disk_, [shared = std::move(shared_)] { shared->journal = Journal(); });
}

void Recorder::Write(std::size_t bytes, std::function<void(Journal&)> write) {
  if (!shared_ || lost_) return;
  bytes += kRecordBytes;
  lost_ = (shared_->waiting_bytes += bytes) > kMaxWaitingBytes;
  if (lost_) return;
  boost::asio::post(*disk_, [shared = shared_, bytes, write = std::move(write)] {
    write(shared->journal);
    shared->waiting_bytes -= bytes;
  });
}

void Recorder::Begin(const Header& header) {
  begun_ = true;
  Write(0, [header](Journal& journal) { journal.Begin(header); });
}

void Recorder::Sent(std::string_view frame, std::string_view rest) {
  if (!shared_) return;
  Write(frame.size() + rest.size(),
        [frame = std::string(frame), rest = std::string(rest)](Journal& journal) { journal.Sent(frame, rest); });
}

void Recorder::Said(const proto::FromCell& frame) {
  if (!shared_) return;
  Write(frame.ByteSizeLong(), [frame](Journal& journal) { journal.Said(frame); });
}

void Recorder::SaidBody(std::uint64_t call, std::string_view data, bool last) {
  if (!shared_) return;
  Write(data.size(), [call, data = std::string(data), last](Journal& journal) { journal.SaidBody(call, data, last); });
}

void Recorder::Commit(const Ending& ending, std::function<void(const Result<void>&)> done) {
  if (!shared_) return done({});
  boost::asio::post(
      *disk_, [loop = loop_, shared = std::exchange(shared_, nullptr), lost = lost_, ending, done = std::move(done)] {
        Result<void> kept = lost ? shared->journal.TooMuch() : shared->journal.Commit(ending);
        shared->journal = Journal();
        boost::asio::post(*loop, [done, kept = std::move(kept)] { done(kept); });
      });
}

}  // namespace warder::journal

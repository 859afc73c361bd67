#include "engine/broker/scrub/scrubber.h"

#include <algorithm>
#include <utility>

namespace warder::broker {

void Scrubber::Push(std::string_view data, std::string* out) {
  data_ = data;
  data_begin_ = end_;
  Search();
  const std::uint64_t certain = std::min(EarliestStart(), HeldFrom());
  Release(certain, out);
  Keep(certain);
}

void Scrubber::Finish(std::string* out) {
  Release(end_, out);
  followers_.clear();
  state_ = Spotter::kIdle;
  Keep(end_);
}

char Scrubber::At(std::uint64_t position) const {
  return position < data_begin_ ? kept_[position - kept_begin_] : data_[position - data_begin_];
}

void Scrubber::Search() {
  const Spotter& spotter = pattern_->spotter();
  const char* next = data_.data();
  const char* const last = next + data_.size();
  const char* block_end = next;  // of a block in which something is spotted: it is not tried as a block again
  while (next != last) {
    if (followers_.empty()) {
      if (next >= block_end) {
        block_end = last;
        if (static_cast<std::size_t>(last - next) >= Spotter::kBlock) {
          block_end = next + Spotter::kBlock;
          if (spotter.SkipBlock(&state_, next)) {
            next = block_end;
            continue;
          }
        }
      }
      do {
        state_ = spotter.Next(state_, *next++);
      } while (next != block_end && !spotter.Spots(state_));
      end_ = data_begin_ + static_cast<std::uint64_t>(next - data_.data());
    } else {
      state_ = spotter.Next(state_, *next);
      end_ = data_begin_ + static_cast<std::uint64_t>(next - data_.data()) + 1;
      Advance(*next++);
    }
    if (spotter.Spots(state_)) BeginFollowers();
  }
  end_ = data_begin_ + data_.size();
}

// Every follower reads one byte.
void Scrubber::Advance(char byte) {
  const Forms& forms = pattern_->forms();
  next_followers_.clear();
  for (const Follower& follower : followers_) {
    for (const Spelling::Edge edge : forms.EdgesFrom(follower.node)) {
      if (edge.byte != static_cast<unsigned char>(byte)) continue;
      const Node node = Forms::Follow(follower.node, edge);
      if (forms.IsEnd(node)) {
        AddRegion({follower.start, end_});
      } else {
        next_followers_.push_back({node, follower.start});
      }
    }
  }
  followers_.swap(next_followers_);
  if (followers_.size() > merge_at_) Merge();
}

// Of followers that are in the same place, which only an ambiguous escape brings about, the longest stays.
void Scrubber::Merge() {
  std::sort(followers_.begin(), followers_.end(), [](const Follower& a, const Follower& b) {
    return a.node != b.node ? a.node < b.node : a.start < b.start;
  });
  const auto same = [](const Follower& a, const Follower& b) { return a.node == b.node; };
  followers_.erase(std::unique(followers_.begin(), followers_.end(), same), followers_.end());
  merge_at_ = std::max<std::size_t>(16, followers_.size() * 2);
}

void Scrubber::BeginFollowers() {
  for (const std::uint32_t number : pattern_->spotter().FormsAt(state_)) {
    const Form& form = pattern_->forms().all()[number];
    const Node node(form.spotted, 0);
    followers_.push_back({node, StartOf({&node, 1})});
  }
}

// Where what is held back begins: a question of lengths and empty lines only, so that the answer says nothing of
// secrets.
std::uint64_t Scrubber::HeldFrom() const {
  const std::uint64_t held = pattern_->held_bytes();
  const std::uint64_t floor = std::max(kept_begin_, end_ > held ? end_ - held : 0);
  for (std::uint64_t end = end_; end >= floor + 2; --end) {
    if (At(end - 1) != '\n') continue;
    if (At(end - 2) == '\n' || (end >= floor + 3 && At(end - 2) == '\r' && At(end - 3) == '\n')) return end;
  }
  return floor;
}

// The first byte that may still belong to a match.
std::uint64_t Scrubber::EarliestStart() {
  std::uint64_t earliest = StartOf(pattern_->spotter().OldestAt(state_));
  for (const Follower& follower : followers_) earliest = std::min(earliest, follower.start);
  return earliest;
}

// The first byte of what has now led to one of `nodes`, all within reach of the spotter: walks back over the text.
std::uint64_t Scrubber::StartOf(std::span<const Node> nodes) {
  const Forms& forms = pattern_->forms();
  std::uint64_t start = end_;
  nodes_.assign(nodes.begin(), nodes.end());
  for (std::uint64_t position = end_; !nodes_.empty() && position > kept_begin_;) {
    const char byte = At(--position);
    nodes_before_.clear();
    for (const Node node : nodes_) {
      forms.ForEachBefore(node, byte, [&](Node before) {
        if (forms.IsBeginning(before)) {
          start = position;
        } else {
          nodes_before_.push_back(before);
        }
      });
    }
    std::sort(nodes_before_.begin(), nodes_before_.end());
    nodes_before_.erase(std::unique(nodes_before_.begin(), nodes_before_.end()), nodes_before_.end());
    nodes_.swap(nodes_before_);
  }
  return start;
}

// Regions are found in the order of their ends.
void Scrubber::AddRegion(Region region) {
  while (!regions_.empty() && regions_.back().end > region.start) {
    region.start = std::min(region.start, regions_.back().start);
    regions_.pop_back();
  }
  if (region.start < last_region_end_) {
    settled_ = last_region_end_ = region.end;  // what was written stands for more
  } else {
    regions_.push_back(region);
  }
}

// Writes what no match can change that begins at `certain` or later.
void Scrubber::Release(std::uint64_t certain, std::string* out) {
  auto region = regions_.begin();
  for (; region != regions_.end() && region->start <= certain; ++region) {
    CopyUntil(region->start, out);
    out->append(kRedacted);
    ++redactions_;
    settled_ = last_region_end_ = region->end;
  }
  regions_.erase(regions_.begin(), region);
  if (settled_ < certain) CopyUntil(certain, out);
}

void Scrubber::CopyUntil(std::uint64_t position, std::string* out) {
  if (settled_ < data_begin_) {
    const std::uint64_t end = std::min(position, data_begin_);
    out->append(kept_.data() + (settled_ - kept_begin_), end - settled_);
    settled_ = end;
  }
  out->append(data_, settled_ - std::min(settled_, data_begin_), position - settled_);
  settled_ = position;
}

void Scrubber::Keep(std::uint64_t from) {
  if (from >= data_begin_) {
    const std::string_view rest = data_.substr(from - data_begin_);
    kept_.assign(rest.begin(), rest.end());
  } else {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(from - kept_begin_));
    kept_.insert(kept_.end(), data_.begin(), data_.end());
  }
  kept_begin_ = from;
  data_ = {};
  data_begin_ = end_;
}

std::string ScrubText(const std::shared_ptr<const ScrubPattern>& pattern, std::string_view text) {
  std::string out;
  out.reserve(text.size());
  Scrubber scrubber(pattern);
  scrubber.Push(text, &out);
  scrubber.Finish(&out);
  return out;
}

}  // namespace warder::broker

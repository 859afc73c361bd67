#include "engine/execution/cell_pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <system_error>
#include <utility>

namespace warder::execution {

using std::chrono::steady_clock;

// One cell of the pool's, until it is given out or gone.
class CellPool::Slot final : public CellUser {
 public:
  Slot(CellPool& pool, const Key& key) : pool_(pool), key_(key) {}

  const Key& key() const { return key_; }
  PreparedCell& cell() { return *cell_; }
  void Hold(std::unique_ptr<PreparedCell> cell) { cell_ = std::move(cell); }
  std::unique_ptr<PreparedCell> Release() { return std::move(cell_); }
  std::size_t descriptors() const {
    if (!cell_) return 0;
    const DescriptorLedger::Count count = cell_->ledger().Settle();
    return count.made - count.returned;
  }
  bool exists() const { return cell_ && cell_->process().exists(); }
  bool retired() const { return cell_ && cell_->zygote()->retired(); }
  // Null: it has no cell any more.
  const ZygoteHost* zygote() const { return cell_ ? cell_->zygote().get() : nullptr; }
  // Whether an execution could do with it. One that is still being made may yet fail: its user will hear.
  bool Usable() {
    if (retired() || !cell_->zygote()->usable()) return false;
    if (cell_->process().spawned() && cell_->process().IsDead()) return false;
    return !cell_->ready() || (cell_->posture() && MissingLayer(*cell_->posture()) == nullptr);
  }

 private:
  void OnReady() override { pool_.RefillSoon(key_); }
  // It was given nothing, so there is nothing that it could have to say.
  void OnFrame(const proto::FromCell&) override { Distrust(); }
  void OnRequestBody(std::uint64_t, std::string_view, bool) override { Distrust(); }
  void OnStreamEnd(const std::string&) override { pool_.Drop(this); }
  void OnDeath(const CellDeath&) override { pool_.Forget(this); }
  void Distrust() {
    cell_->zygote()->Retire();
    pool_.DropRetired();
  }

  CellPool& pool_;
  const Key key_;
  std::unique_ptr<PreparedCell> cell_;
};

CellPool::CellPool(boost::asio::io_context& loop, Usher& usher, const Inspection& inspection, ZygoteSource zygotes,
                   std::size_t most)
    : loop_(loop), usher_(usher), inspection_(inspection), zygotes_(std::move(zygotes)), most_(most), tick_(loop) {}

CellPool::~CellPool() { *alive_ = false; }

Result<std::unique_ptr<PreparedCell>> CellPool::Take(zygote::CellProfile profile, const zygote::CellLimits& limits,
                                                     CellUser& user) {
  if (most_ > 0) {
    if (auto cell = TakeFromShelf({profile, limits.data_bytes, limits.cpu_seconds})) {
      cell->GiveTo(user);
      return cell;
    }
  }
  auto zygote = zygotes_(profile);
  if (!zygote) return zygote.error();
  return std::make_unique<PreparedCell>(loop_, std::move(*zygote), limits, usher_, inspection_, user);
}

std::unique_ptr<PreparedCell> CellPool::TakeFromShelf(const Key& key) {
  Shelf& shelf = shelves_[key];
  shelf.used = steady_clock::now();
  std::unique_ptr<PreparedCell> cell;
  while (!cell && !shelf.slots.empty()) {
    Slot* const slot = shelf.slots.front();
    if (!slot->Usable()) {
      Drop(slot);
      continue;
    }
    cell = slot->Release();
    Forget(slot);
  }
  shelf.fewest = std::min(shelf.fewest, shelf.slots.size());
  // With one more it would have been ready.
  if (!cell || !cell->ready()) shelf.wanted = std::min(shelf.wanted + 1, most_);
  if (!std::exchange(ticking_, true)) TickLater();
  // Behind what the execution does that takes this one.
  RefillSoon(key);
  return cell;
}

void CellPool::RefillSoon(const Key& key) {
  boost::asio::post(loop_, [this, alive = alive_, key] {
    if (*alive && !on_empty_) Refill(key);
  });
}

void CellPool::Refill(const Key& key) {
  const auto shelf = shelves_.find(key);
  if (shelf == shelves_.end()) return;
  while (shelf->second.slots.size() < shelf->second.wanted) {
    auto zygote = zygotes_(key.profile);
    if (!zygote) return;  // whoever needs a cell will be told why there is none
    if ((*zygote)->backlog() >= kMadeAtOnce || !MakeRoomFor(key)) return;
    auto slot = std::make_unique<Slot>(*this, key);
    try {
      slot->Hold(std::make_unique<PreparedCell>(
          loop_, std::move(*zygote), zygote::CellLimits{key.data_bytes, key.cpu_seconds}, usher_, inspection_, *slot));
    } catch (const std::system_error&) {  // out of descriptors: executions need those that are left
      return;
    }
    shelf->second.slots.push_back(slot.get());
    slots_.push_back(std::move(slot));
    ++shelved_;
  }
}

bool CellPool::MakeRoomFor(const Key& key) {
  if (shelved_ < most_) return true;
  // The fullest gives one up, and of equals that which was in demand the longest ago, where it still has as many then:
  // no demand is so great that others are left with nothing. Who has none gets one in any case.
  const auto fuller = [](const Shelf& one, const Shelf& other) {
    return one.slots.size() > other.slots.size() || (one.slots.size() == other.slots.size() && one.used < other.used);
  };
  Shelf* fullest = nullptr;
  for (auto& [other, shelf] : shelves_) {
    if (other != key && (fullest == nullptr || fuller(shelf, *fullest))) fullest = &shelf;
  }
  const std::size_t own = shelves_.at(key).slots.size();
  if (fullest == nullptr || fullest->slots.size() <= own || (own > 0 && fullest->slots.size() == own + 1)) return false;
  --fullest->wanted;
  Drop(fullest->slots.front());
  return true;
}

bool CellPool::TakeOffShelf(Slot* slot) {
  const auto shelf = shelves_.find(slot->key());
  if (shelf == shelves_.end() || std::erase(shelf->second.slots, slot) == 0) return false;
  --shelved_;
  return true;
}

void CellPool::Drop(Slot* slot) {
  TakeOffShelf(slot);
  slot->cell().process().Kill();
}

void CellPool::Forget(Slot* slot) {
  TakeOffShelf(slot);
  // It may be what calls us.
  boost::asio::post(loop_, [this, alive = alive_, slot] {
    if (!*alive) return;
    slots_.remove_if([slot](const std::unique_ptr<Slot>& each) { return each.get() == slot; });
    if (slots_.empty() && on_empty_) on_empty_();
  });
}

void CellPool::DropRetired() {
  for (const auto& slot : slots_) {
    if (slot->retired()) Drop(slot.get());
  }
}

bool CellPool::AllOf(const std::function<bool(const ZygoteHost&)>& current) const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [&](const auto& slot) { return slot->zygote() == nullptr || current(*slot->zygote()); });
}

void CellPool::TickLater() {
  tick_.expires_after(kIdle);
  tick_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) Tick();
  });
}

void CellPool::Tick() {
  const auto now = steady_clock::now();
  for (auto each = shelves_.begin(); each != shelves_.end();) {
    Shelf& shelf = each->second;
    // Those that were there all the time.
    const std::size_t surplus = now - shelf.used > 2 * kIdle ? shelf.wanted : shelf.fewest;
    shelf.wanted -= std::min(surplus, shelf.wanted);
    while (shelf.slots.size() > shelf.wanted) Drop(shelf.slots.front());
    shelf.fewest = shelf.slots.size();
    RefillSoon(each->first);
    each = shelf.wanted == 0 ? shelves_.erase(each) : std::next(each);
  }
  ticking_ = !shelves_.empty();
  if (ticking_) TickLater();
}

void CellPool::Close(std::function<void()> on_empty) {
  on_empty_ = std::move(on_empty);
  tick_.cancel();
  for (auto& [key, shelf] : shelves_) {
    while (!shelf.slots.empty()) Drop(shelf.slots.front());
  }
  if (slots_.empty()) on_empty_();
}

std::size_t CellPool::processes() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->exists(); }));
}

std::size_t CellPool::descriptors() const {
  std::size_t count = 0;
  for (const auto& slot : slots_) count += slot->descriptors();
  return count;
}

}  // namespace warder::execution

// Cells that are ready before somebody asks for them.
//
// The limits of a process are set before its filter is, and its zygote decides what V8 may do in it, so a ready cell
// serves executions of its profile with exactly those limits: the pool has a shelf for each of these that is in demand.
// A shelf holds as many cells as were missed lately, and gives back those that nobody has needed for a while; all
// together never hold more than `most`, and where that is too few the fullest shelf gives way. A cell is given out
// once, the oldest first, and never comes back; none waits longer than twice kIdle. With `most` 0 nothing is made
// ahead.
//
// When a zygote is retired or lost, what it has made is ended; one that is only replaced leaves behind what is ready.
// A cell that dies here was nobody's execution.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <compare>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>

#include "engine/execution/prepared_cell.h"
#include "engine/execution/zygote_host.h"

namespace warder::execution {

class CellPool {
 public:
  using ZygoteSource = std::function<Result<std::shared_ptr<ZygoteHost>>(zygote::CellProfile)>;

  // What no execution has needed for so long is given back, at the latest after twice as long.
  static constexpr std::chrono::seconds kIdle{5};
  // No cell is made ahead while the zygote has so many to make: who waits for one comes first.
  static constexpr std::size_t kMadeAtOnce = 8;

  // On the loop, as every member. `zygotes` says of which zygote of a profile cells are
  // to be made now.
  CellPool(boost::asio::io_context& loop, Usher& usher, const Inspection& inspection, ZygoteSource zygotes,
           std::size_t most);
  ~CellPool();
  CellPool(const CellPool&) = delete;
  CellPool& operator=(const CellPool&) = delete;

  // A cell for good: a ready one, else one that is being made. The error says why there is no zygote; throws
  // std::system_error when the engine is out of descriptors.
  Result<std::unique_ptr<PreparedCell>> Take(zygote::CellProfile profile, const zygote::CellLimits& limits,
                                             CellUser& user);

  // Ends the cells of zygotes that are not to be used any more.
  void DropRetired();

  // Makes no more and ends all; `on_empty` is called once they are gone, possibly at once.
  void Close(std::function<void()> on_empty);

  bool empty() const { return slots_.empty(); }
  // Whether there is none but of zygotes for which `current` holds.
  bool AllOf(const std::function<bool(const ZygoteHost&)>& current) const;
  // Descriptors that its cells have open.
  std::size_t descriptors() const;
  // Cells that exist, those that are being ended included.
  std::size_t processes() const;

 private:
  class Slot;
  struct Shelf {
    std::deque<Slot*> slots;  // the oldest first
    std::size_t wanted = 0;
    std::size_t fewest = 0;  // slots that nobody has needed since the last tick
    std::chrono::steady_clock::time_point used;
  };
  struct Key {
    zygote::CellProfile profile;
    std::uint64_t data_bytes;  // the members of CellLimits
    std::uint64_t cpu_seconds;
    auto operator<=>(const Key&) const = default;
  };

  // Null: there is none; and sees to it that there are some.
  std::unique_ptr<PreparedCell> TakeFromShelf(const Key& key);
  void Refill(const Key& key);
  void RefillSoon(const Key& key);
  bool MakeRoomFor(const Key& key);
  // False: it was on none.
  bool TakeOffShelf(Slot* slot);
  // And ends it; goes on until it is forgotten.
  void Drop(Slot* slot);
  void Forget(Slot* slot);
  void TickLater();
  void Tick();

  boost::asio::io_context& loop_;
  Usher& usher_;
  const Inspection& inspection_;
  ZygoteSource zygotes_;
  const std::size_t most_;
  std::map<Key, Shelf> shelves_;
  std::list<std::unique_ptr<Slot>> slots_;  // those on the shelves, and those that are being ended
  std::size_t shelved_ = 0;
  boost::asio::steady_timer tick_;
  bool ticking_ = false;
  std::function<void()> on_empty_;  // set: it is closed
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::execution

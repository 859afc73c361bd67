// Who is next: what the calls of each tenant have to do on the loop is done a slice at a time, the tenants in turn.
//
// A tenant with a thousand calls, or with responses that take long to decode, keeps itself waiting and nobody else. Who
// still has more to do after a few slices, while others have calls, pauses after each for three times as long: a loop
// that always has something to do keeps everybody waiting, for a processor too.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace warder::broker {

// Something that has a step to do.
class Turn {
 public:
  virtual void OnTurn() = 0;

 protected:
  Turn() = default;
  Turn(const Turn&) = default;
  Turn& operator=(const Turn&) = default;
  ~Turn() = default;
};

class Turns {
 public:
  explicit Turns(boost::asio::io_context& loop) : shared_(std::make_shared<Shared>(loop)) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns() = default;

  // Calls OnTurn from the loop, once, if `turn` exists then: behind what the tenant has posted before. OnTurn may
  // destroy everything, this included.
  void Post(const std::string& tenant, std::weak_ptr<Turn> turn);

  std::size_t size() const { return lines_.size(); }

 private:
  // What handlers of the loop need, which may outlive this.
  struct Shared {
    explicit Shared(boost::asio::io_context& io) : loop(io) {}
    boost::asio::io_context& loop;
    // When somebody posted behind somebody else: lately, where several tenants have calls.
    std::chrono::steady_clock::time_point changed;
  };
  struct Line {
    explicit Line(boost::asio::io_context& loop) : pause(loop) {}
    std::deque<std::weak_ptr<Turn>> waiting;
    bool posted = false;
    int slices = 0;  // since there was nothing to do
    boost::asio::steady_timer pause;
  };

  static void Run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Line>& line);
  static void PostRun(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Line>& line);

  const std::shared_ptr<Shared> shared_;
  std::weak_ptr<Line> last_;                            // who has posted
  std::map<std::string, std::shared_ptr<Line>> lines_;  // by tenant; some are empty
  std::size_t sweep_at_ = 64;
};

}  // namespace warder::broker

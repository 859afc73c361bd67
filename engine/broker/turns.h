// Who is next: what the calls of each tenant have to do on the loop is done a slice at a time, the tenants in turn.
//
// A tenant with a thousand calls, or with responses that take long to decode, keeps itself waiting and nobody else.
#pragma once

#include <boost/asio/io_context.hpp>
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
  explicit Turns(boost::asio::io_context& loop) : loop_(loop) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns() = default;

  // Calls OnTurn from the loop, once, if `turn` exists then: behind what the tenant has posted before. OnTurn may
  // destroy everything, this included.
  void Post(const std::string& tenant, std::weak_ptr<Turn> turn);

  std::size_t size() const { return lines_.size(); }

 private:
  struct Line {
    std::deque<std::weak_ptr<Turn>> waiting;
    bool posted = false;
  };

  static void PostRun(boost::asio::io_context& loop, const std::shared_ptr<Line>& line);

  boost::asio::io_context& loop_;
  std::map<std::string, std::shared_ptr<Line>> lines_;  // by tenant; some are empty
  std::size_t sweep_at_ = 64;
};

}  // namespace warder::broker
